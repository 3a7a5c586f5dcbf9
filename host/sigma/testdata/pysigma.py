"""Converts Sigma rules to Lucene queries by pySigma's backend for Elasticsearch.

Reads {"fields": {sigma: [ecs, ...]}, "rules": [text, ...]} and writes a list of queries, null where pySigma refuses.
"""

import json
import sys

from sigma.backends.elasticsearch import LuceneBackend
from sigma.collection import SigmaCollection
from sigma.processing.pipeline import ProcessingItem, ProcessingPipeline
from sigma.processing.transformations import FieldMappingTransformation

asked = json.load(sys.stdin)
names = ProcessingItem(transformation=FieldMappingTransformation(asked["fields"]))
backend = LuceneBackend(ProcessingPipeline(items=[names]))
answer = []
for text in asked["rules"]:
    try:
        (query,) = backend.convert(SigmaCollection.from_yaml(text))
        answer.append(query)
    except Exception as e:  # whatever it is, this rule is not compared
        print(e, file=sys.stderr)
        answer.append(None)
json.dump(answer, sys.stdout)
