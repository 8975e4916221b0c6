"""The flow: stages, settings, wiring and the command line. The only folder that imports Faust or Kafka clients."""
