package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/sdk/schema"
)

// ruleID is the place of a rule in the catalogue.
type ruleID uint8

const (
	rulePassword ruleID = iota
	ruleToken
	ruleAuthorization
	ruleUserinfo
	rulePrivateKey
	ruleJWT
	ruleCloudKey
	ruleIDCard
	ruleBankCard
	ruleAccount
	ruleLongNumber
	ruleMobile
	ruleEmail
	ruleName
	rulePassport
	ruleAmount
	ruleBranch
	ruleTeller
	ruleRate
	ruleInternalIP
	ruleCommand
	ruleConfiguration
	ruleVulnerability

	ruleCount
)

// The confidential categories of the log standard.
const (
	secrets    = "secrets"
	customer   = "customer"
	business   = "business"
	parameters = "parameters"
	technical  = "technical"
)

var categories = []string{secrets, customer, business, parameters, technical}

// entry is a rule of the catalogue.
type entry struct {
	id       string
	category string
	what     string
	on       bool   // unless the config says otherwise
	becomes  string // in the mode mask
}

// catalogue is all that this plugin knows to be confidential. README.md shows it; a test compares them.
var catalogue = [ruleCount]entry{
	rulePassword:      {"password", secrets, "values of password keys (`password`, `passwd`, `pwd`, `密码`, `口令`, …), in statements (`IDENTIFIED BY`) and commands of devices (`password cipher`)", true, stars},
	ruleToken:         {"token", secrets, "values of keys such as `token`, `secret`, `api_key`, `access_key`, `密钥`", true, stars},
	ruleAuthorization: {"authorization", secrets, "credentials of HTTP: `Authorization`, `Bearer`, `Basic`", true, stars},
	ruleUserinfo:      {"userinfo", secrets, "the password in `scheme://user:password@host`", true, stars},
	rulePrivateKey:    {"private-key", secrets, "the body of private keys in PEM", true, stars},
	ruleJWT:           {"jwt", secrets, "JSON Web Tokens", true, stars},
	ruleCloudKey:      {"cloud-key", secrets, "keys that their beginning and length tell: AWS, Alibaba Cloud, Tencent Cloud, GitHub, GitLab, Slack, Google, Stripe, SendGrid, npm", true, stars},
	ruleIDCard:        {"id-card", customer, "ID-card numbers: 18 digits with a right check digit (GB 11643), old ones of 15 by region and date", true, "`110199********0033`"},
	ruleBankCard:      {"bank-card", customer, "card numbers with a right check digit (Luhn) that begin like a card of their length, also in groups", true, "`6200********0005`"},
	ruleAccount:       {"account", customer, "numbers of 13 to 19 digits behind `card`, `account`, `卡号`, `账号`, …", true, "`1234********3456`"},
	ruleLongNumber:    {"long-number", customer, "every number of 13 to 19 digits that is no time", false, "`1234********3456`"},
	ruleMobile:        {"mobile", customer, "mobile numbers of mainland China", false, "`138****0000`"},
	ruleEmail:         {"email", customer, "the name in mail addresses", false, "`******@bank.example`"},
	ruleName:          {"name", customer, "values of `姓名`, `户名`, `customer_name`, `real_name`, …", false, stars},
	rulePassport:      {"passport", customer, "values of `护照号`, `passport`, …", false, stars},
	ruleAmount:        {"amount", business, "numbers behind `金额`, `余额`, `amount`, `balance`, …", false, stars},
	ruleBranch:        {"branch", parameters, "codes behind `机构号`, `网点号`, `branch_code`, …", false, stars},
	ruleTeller:        {"teller", parameters, "codes behind `柜员号`, `teller`, …", false, stars},
	ruleRate:          {"rate", parameters, "numbers behind `利率`, `汇率`, `interest_rate`, `exchange_rate`, …", false, stars},
	ruleInternalIP:    {"internal-ip", technical, "private IPv4 addresses (RFC 1918)", false, stars},
	ruleCommand:       {"command", technical, "values of `command`, `cmd`, `命令`", false, stars},
	ruleConfiguration: {"configuration", technical, "values of `config`, `configuration`, `配置`", false, stars},
	ruleVulnerability: {"vulnerability", technical, "numbers of CVE, CNVD and CNNVD", false, stars},
}

// mode is how a rule hides what it finds.
type mode uint8

const (
	off      mode = iota
	mask          // as the catalogue says
	hash          // hmac:…, equal for equal values
	drop          // [dropped]
	tokenise      // sealed:…, which two people can open together
)

var modes = map[string]mode{"off": off, "on": mask, "mask": mask, "hash": hash, "drop": drop, "tokenise": tokenise}

// ruleset is the mode of each rule.
type ruleset [ruleCount]mode

// Switches turn rules of the catalogue on and off, and say how they hide what they find.
type Switches struct {
	// Categories switches all rules of a category (secrets, customer, business, parameters, technical): off, on, or how
	// they hide: mask (as on), hash, drop, tokenise. Rules of a category that is not named are as the catalogue says.
	Categories map[string]string `yaml:"categories" enum:"off,on,mask,hash,drop,tokenise"`
	// Rules switches single rules by their ids, whatever their categories say.
	Rules map[string]string `yaml:"rules" enum:"off,on,mask,hash,drop,tokenise"`
}

// over is the base with the switches applied.
func (s Switches) over(base ruleset) (ruleset, error) {
	for name, value := range s.Categories {
		if !slices.Contains(categories, name) {
			return base, &schema.Error{Path: schema.Key("categories", name), AtKey: true, Msg: fmt.Sprintf("there is no category %q", name), Hint: "categories: " + strings.Join(categories, ", ")}
		}
		for i, r := range catalogue {
			if r.category == name {
				base[i] = modes[value]
			}
		}
	}
	for name, value := range s.Rules {
		i := slices.IndexFunc(catalogue[:], func(r entry) bool { return r.id == name })
		if i < 0 {
			return base, &schema.Error{Path: schema.Key("rules", name), AtKey: true, Msg: fmt.Sprintf("there is no rule %q", name), Hint: "rules: " + ruleNames()}
		}
		base[i] = modes[value]
	}
	return base, nil
}

func ruleNames() string {
	var names []string
	for _, r := range catalogue {
		names = append(names, r.id)
	}
	return strings.Join(names, ", ")
}

// defaults is the catalogue as it comes.
func defaults() (s ruleset) {
	for i, r := range catalogue {
		if r.on {
			s[i] = mask
		}
	}
	return s
}
