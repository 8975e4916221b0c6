#!/bin/sh
# Makes the certificates, passwords and keys of a deployment that are missing, each readable only by the service that
# needs it. Running it again keeps what is there and renews certificates with less than 30 days left.
#
# Usage: secrets.sh [FOLDER]      FOLDER (/secrets) gets one folder per service
# SECRETS_OWNERS=keep leaves every file to who runs this, for trying it outside of containers.
set -eu
umask 077
ROOT=${1:-/secrets}
VOCERO=10001   # the user of deploy/docker/Dockerfile
SERVER=1000    # the user of the images of Kafka, Elasticsearch and Kibana
DAYS=800
RENEW_SECONDS=2592000

# once FILE COMMAND...: runs the command and keeps its output in FILE, unless FILE is there
once() {
  file=$1; shift
  [ -s "$file" ] && return 0
  "$@" >"$file.new"
  mv -f "$file.new" "$file"
}

random() { openssl rand -hex 24; }

# certificate FOLDER NAME ALTERNATIVES: key and certificate of a name, signed by the authority
certificate() {
  folder=$1; name=$2; also=$3
  if [ -s "$folder/$name.crt" ] && openssl x509 -checkend "$RENEW_SECONDS" -noout -in "$folder/$name.crt" >/dev/null; then
    return 0
  fi
  rm -f "$folder/$name.key" "$ROOT/authority/$name".*
  openssl req -new -newkey rsa:3072 -noenc -subj "/CN=$name" -keyout "$folder/$name.key" -out "$ROOT/authority/$name.csr" 2>/dev/null
  printf '%s\n' "subjectAltName=$also" "extendedKeyUsage=serverAuth,clientAuth" "basicConstraints=CA:FALSE" \
    "keyUsage=digitalSignature,keyEncipherment" >"$ROOT/authority/$name.ext"
  openssl x509 -req -in "$ROOT/authority/$name.csr" -CA "$ROOT/authority/ca.crt" -CAkey "$ROOT/authority/ca.key" \
    -days "$DAYS" -sha256 -extfile "$ROOT/authority/$name.ext" -out "$folder/$name.crt.new" 2>/dev/null
  mv -f "$folder/$name.crt.new" "$folder/$name.crt"
  echo "secrets: a certificate for $name, for $DAYS days"
}

kibana_settings() {
  cat <<END
server.host: "0.0.0.0"
server.publicBaseUrl: "http://127.0.0.1:5601"
elasticsearch.hosts: ["https://elasticsearch:9200"]
elasticsearch.ssl.certificateAuthorities: ["/secrets/kibana/ca.crt"]
elasticsearch.username: "kibana_system"
elasticsearch.password: "$(cat "$ROOT/access/kibana_password")"
xpack.encryptedSavedObjects.encryptionKey: "$(random)"
xpack.reporting.encryptionKey: "$(random)"
xpack.security.encryptionKey: "$(random)"
telemetry.enabled: false
END
}

for service in authority access elasticsearch kafka kibana vocero; do mkdir -p "$ROOT/$service"; done

if [ ! -s "$ROOT/authority/ca.crt" ]; then
  openssl req -x509 -newkey rsa:3072 -noenc -days 3650 -sha256 -subj "/CN=vocero deployment" \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" \
    -keyout "$ROOT/authority/ca.key" -out "$ROOT/authority/ca.new" 2>/dev/null
  mv "$ROOT/authority/ca.new" "$ROOT/authority/ca.crt"
  echo "secrets: an authority of this deployment's own"
fi
for service in access elasticsearch kafka kibana vocero; do cp -f "$ROOT/authority/ca.crt" "$ROOT/$service/ca.crt"; done

certificate "$ROOT/elasticsearch" elasticsearch "DNS:elasticsearch,DNS:localhost,IP:127.0.0.1"
certificate "$ROOT/kafka" kafka "DNS:kafka,DNS:localhost,IP:127.0.0.1"
certificate "$ROOT/vocero" vocero "DNS:vocero"
cat "$ROOT/kafka/kafka.key" "$ROOT/kafka/kafka.crt" >"$ROOT/kafka/kafka.new"
mv -f "$ROOT/kafka/kafka.new" "$ROOT/kafka/kafka.pem"

once "$ROOT/access/elastic_password" random
once "$ROOT/access/kibana_password" random
once "$ROOT/elasticsearch/elastic_password" cat "$ROOT/access/elastic_password"
once "$ROOT/vocero/redact_secret" random
once "$ROOT/kibana/kibana.yml" kibana_settings

if [ "${SECRETS_OWNERS:-}" != keep ]; then
  chown -R "$VOCERO:$VOCERO" "$ROOT/access" "$ROOT/vocero"
  chown -R "$SERVER:$SERVER" "$ROOT/elasticsearch" "$ROOT/kafka" "$ROOT/kibana"
fi
find "$ROOT" -type f -exec chmod 400 {} +
echo "secrets: all there"
