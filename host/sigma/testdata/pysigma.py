"""Converts Sigma rules to Lucene queries by pySigma's backend for Elasticsearch.

Reads [{"fields": {sigma: [ecs, ...]}, "rule": text}, ...] and writes a list of queries, null where pySigma refuses.
"""

import json
import sys

from sigma.backends.elasticsearch import LuceneBackend
from sigma.collection import SigmaCollection
from sigma.processing.pipeline import ProcessingItem, ProcessingPipeline
from sigma.processing.transformations import FieldMappingTransformation

answer = []
for asked in json.load(sys.stdin):
    names = ProcessingItem(transformation=FieldMappingTransformation(asked["fields"]))
    backend = LuceneBackend(ProcessingPipeline(items=[names]))
    try:
        (query,) = backend.convert(SigmaCollection.from_yaml(asked["rule"]))
        answer.append(query)
    except Exception as e:  # whatever it is, this rule is not compared
        print(e, file=sys.stderr)
        answer.append(None)
json.dump(answer, sys.stdout)
