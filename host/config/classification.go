package config

import (
	"fmt"

	"github.com/logcenter/logcenter/host/classification"
	"github.com/logcenter/logcenter/sdk/schema"
)

// ClassificationRule says what kind of event an event is, where its device's parser does not know.
type ClassificationRule struct {
	// Name is 1 to 64 lower-case letters, digits, dots, underscores and dashes. logcenter.classified_by of an event has it.
	Name string `yaml:"name" required:"true"`
	// Query selects the events, as stored: masked, enriched, before any rule. app_name=switch is a text in the line,
	// log.syslog.appname:switch the name in a syslog header.
	Query string `yaml:"query" required:"true"`
	// Set is what these events get. Of several rules that set the same, the first one counts.
	Set ClassificationSet `yaml:"set"`
}

// ClassificationSet is what a rule sets; what is left out stays as it is.
type ClassificationSet struct {
	// DeviceType is observer.type, a device type of the retention table. It takes a log type.
	DeviceType string `yaml:"device_type"`
	// LogType is logcenter.log_type, a log type that the retention table has for the device type: the one set, or that
	// the query asks for (observer.type:server AND …). The two say how long events are kept.
	LogType string `yaml:"log_type"`
	// Dataset is event.dataset, e.g. switch.login; its first part is event.module.
	Dataset string `yaml:"dataset"`
	// Category is event.category, in the words of ECS, in place of all that was there.
	Category []string `yaml:"category" enum:"api,authentication,configuration,database,driver,email,file,host,iam,intrusion_detection,library,malware,network,package,process,registry,session,threat,vulnerability,web"`
	// Level is log.level, the unified severity.
	Level string `yaml:"level" enum:"Debug,Info,Warn,Error,Fatal"`
	// Priority is logcenter.priority: how urgent the event is, 1 at once to 5 whenever.
	Priority int `yaml:"priority" min:"1" max:"5"`
}

// ClassificationRules are the rules in the order in which they are asked.
func (c *Config) ClassificationRules() (rules []classification.Rule) {
	for _, r := range c.Classification {
		rules = append(rules, classification.Rule{Name: r.Name, Query: r.Query, Set: classification.Set(r.Set)})
	}
	return rules
}

// validateClassification checks the rules against the retention table.
func (c *Config) validateClassification() (errs []error) {
	policy, err := c.RetentionPolicy()
	if err != nil {
		return []error{err}
	}
	rules := c.ClassificationRules()
	if len(rules) > classification.MaxRules {
		errs = append(errs, &schema.Error{
			Path: "classification", Msg: fmt.Sprintf("has %d rules", len(rules)), Hint: fmt.Sprintf("up to %d are asked", classification.MaxRules),
		})
	}
	names := map[string]bool{}
	for i, r := range rules {
		at := schema.Index("classification", i)
		if names[r.Name] {
			errs = append(errs, &schema.Error{
				Path: schema.Key(at, "name"), Msg: fmt.Sprintf("there is a rule %q already", r.Name), Hint: "names are unique",
			})
		}
		names[r.Name] = true
		for _, wrong := range r.Check(policy) {
			errs = append(errs, schema.Under(at, wrong))
		}
	}
	return errs
}
