/*
 * Sends posts to vocero from Java 17 or newer, one JSON object a line on standard input. Nothing to compile:
 *
 *   java -cp "kafka-clients-4.4.0.jar:slf4j-api-1.7.36.jar:zstd-jni-1.5.7-17.jar" Produce.java < reviews.jsonl
 *
 * BOOTSTRAP, TOPIC and PROPERTIES (a file of Kafka's name=value lines, for TLS and passwords) are environment
 * variables. The jars are org.apache.kafka:kafka-clients, org.slf4j:slf4j-api and com.github.luben:zstd-jni.
 */

import java.io.BufferedReader;
import java.io.FileReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

public class Produce {
    /* Enough for a key out of flat JSON; a program that builds its posts knows both already. */
    private static String field(String json, String name) {
        Matcher found = Pattern.compile("\"" + name + "\"\\s*:\\s*\"((?:[^\"\\\\]|\\\\.)*)\"").matcher(json);
        if (!found.find()) {
            throw new IllegalArgumentException("a post without " + name);
        }
        return found.group(1);
    }

    public static void main(String[] arguments) throws Exception {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", System.getenv().getOrDefault("BOOTSTRAP", "127.0.0.1:9092"));
        // a record is on every replica before it counts, and a retry never doubles it
        properties.put("acks", "all");
        properties.put("enable.idempotence", "true");
        properties.put("compression.type", "zstd");
        if (System.getenv("PROPERTIES") != null) {
            try (FileReader file = new FileReader(System.getenv("PROPERTIES"), StandardCharsets.UTF_8)) {
                properties.load(file);
            }
        }
        String topic = System.getenv().getOrDefault("TOPIC", "feedback.raw.reviews");
        AtomicInteger sent = new AtomicInteger();
        AtomicInteger failed = new AtomicInteger();
        var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (var producer = new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer())) {
            for (String post = input.readLine(); post != null; post = input.readLine()) {
                if (post.isBlank()) {
                    continue;
                }
                // the same key for every version of a post: its edits stay in order
                String key = field(post, "source") + "/" + field(post, "id");
                producer.send(new ProducerRecord<>(topic, key, post), (record, error) -> {
                    if (error == null) {
                        sent.incrementAndGet();
                    } else if (failed.getAndIncrement() == 0) {
                        System.err.println("a post was not taken: " + error.getMessage());
                    }
                });
            }
        } // close waits until the broker has answered for every post
        System.err.println(sent + " posts sent to " + topic);
        System.exit(failed.get() == 0 ? 0 : 1);
    }
}
