"""The Elasticsearch sink: one index per kind behind an alias, external versions, an outcome for every document."""

from sinks.elasticsearch.client import connect
from sinks.elasticsearch.sink import ElasticsearchSink

__all__ = ["ElasticsearchSink", "connect"]
