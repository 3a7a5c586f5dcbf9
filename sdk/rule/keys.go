package rule

import "github.com/logcenter/logcenter/sdk/schema"

//go:generate go run github.com/logcenter/logcenter/sdk/schema/docsgen -out docs_gen.go -package rule .

// Keys are the keys of a rule and what they mean, in the order in which they are explained.
func Keys() []schema.Setting { return schema.Settings(schema.JSONSchema(Rule{}, docs)) }

// Schema is the JSON Schema (draft 2020-12) of a file of rules, for editors and other tools.
func Schema() []byte { return schema.JSONSchema(List{}, docs) }
