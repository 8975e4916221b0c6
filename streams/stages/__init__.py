"""The five stages: enrich, index, alert, case, learn. One shape, see `streams.stages.base`."""
