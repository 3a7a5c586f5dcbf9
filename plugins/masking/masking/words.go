package main

import "fmt"

// key is a word whose value is confidential.
type key struct {
	rule  ruleID
	name  string
	word  []byte // folded
	whole bool   // nothing but the word: bypass= and compass= are no pass=
	least int    // shorter values are ordinary text, e.g. of token: in a compiler's message
	kind  kind
	at    int // where in the word its rare part is
}

// kind is how the value of a key is written, or what it must look like.
type kind uint8

const (
	plain      kind = iota
	header          // Authorization: a scheme, then the secret
	bearer          // the scheme itself, without a separator
	basic           // the same, before credentials in base64
	identified      // IDENTIFIED BY: SQL
	argument        // of a command: words that say how it is encrypted, then the value
	number          // of digits: an amount, a rate
	code            // with a digit in it
	field           // up to the end of the field, with its spaces
)

var words = []key{
	{rule: rulePassword, name: "password"},
	{rule: rulePassword, name: "passwd"},
	{rule: rulePassword, name: "passphrase"},
	{rule: rulePassword, name: "passcode"},
	{rule: rulePassword, name: "pass", whole: true},
	{rule: rulePassword, name: "pwd"},
	{rule: rulePassword, name: "密码"},
	{rule: rulePassword, name: "口令"},
	{rule: rulePassword, name: "验证码"},
	{rule: rulePassword, name: "pinblock"},
	{rule: rulePassword, name: "cvv", whole: true},
	{rule: rulePassword, name: "identified", kind: identified},
	{rule: ruleToken, name: "密钥"},
	{rule: ruleToken, name: "secret", least: 6},
	{rule: ruleToken, name: "token", least: 6},
	{rule: ruleToken, name: "apikey", least: 6},
	{rule: ruleToken, name: "api_key", least: 6},
	{rule: ruleToken, name: "api-key", least: 6},
	{rule: ruleToken, name: "accesskey", least: 6},
	{rule: ruleToken, name: "access_key", least: 6},
	{rule: ruleToken, name: "secret_key", least: 6},
	{rule: ruleToken, name: "private_key", least: 6},
	{rule: ruleToken, name: "accountkey", least: 6},
	{rule: ruleToken, name: "snmp-agent community", kind: argument},
	{rule: ruleToken, name: "snmp-server community", kind: argument},
	{rule: ruleAuthorization, name: "authorization", kind: header},
	{rule: ruleAuthorization, name: "bearer", whole: true, least: 16, kind: bearer},
	{rule: ruleAuthorization, name: "basic", whole: true, least: 8, kind: basic},
	{rule: ruleName, name: "姓名"},
	{rule: ruleName, name: "户名"},
	{rule: ruleName, name: "客户名称"},
	{rule: ruleName, name: "name_cn"},
	{rule: ruleName, name: "customer_name"},
	{rule: ruleName, name: "customername"},
	{rule: ruleName, name: "cust_name"},
	{rule: ruleName, name: "custname"},
	{rule: ruleName, name: "real_name"},
	{rule: ruleName, name: "realname"},
	{rule: rulePassport, name: "护照号码", kind: code},
	{rule: rulePassport, name: "护照号", kind: code},
	{rule: rulePassport, name: "护照", kind: code},
	{rule: rulePassport, name: "passport_no", kind: code},
	{rule: rulePassport, name: "passportno", kind: code},
	{rule: rulePassport, name: "passport", kind: code},
	{rule: ruleAmount, name: "金额", kind: number},
	{rule: ruleAmount, name: "余额", kind: number},
	{rule: ruleAmount, name: "发生额", kind: number},
	{rule: ruleAmount, name: "amount", kind: number},
	{rule: ruleAmount, name: "balance", kind: number},
	{rule: ruleAmount, name: "txn_amt", kind: number},
	{rule: ruleBranch, name: "机构号", kind: code},
	{rule: ruleBranch, name: "机构代码", kind: code},
	{rule: ruleBranch, name: "网点号", kind: code},
	{rule: ruleBranch, name: "branch_code", kind: code},
	{rule: ruleBranch, name: "branchcode", kind: code},
	{rule: ruleBranch, name: "branch_no", kind: code},
	{rule: ruleBranch, name: "branchno", kind: code},
	{rule: ruleTeller, name: "柜员号", kind: code},
	{rule: ruleTeller, name: "柜员", kind: code},
	{rule: ruleTeller, name: "teller", kind: code},
	{rule: ruleTeller, name: "teller_no", kind: code},
	{rule: ruleTeller, name: "teller_id", kind: code},
	{rule: ruleTeller, name: "tellerno", kind: code},
	{rule: ruleRate, name: "利率", kind: number},
	{rule: ruleRate, name: "汇率", kind: number},
	{rule: ruleRate, name: "interest_rate", kind: number},
	{rule: ruleRate, name: "interestrate", kind: number},
	{rule: ruleRate, name: "exchange_rate", kind: number},
	{rule: ruleRate, name: "exchangerate", kind: number},
	{rule: ruleCommand, name: "command", whole: true, kind: field},
	{rule: ruleCommand, name: "commandline", whole: true, kind: field},
	{rule: ruleCommand, name: "cmd", whole: true, kind: field},
	{rule: ruleCommand, name: "命令", kind: field},
	{rule: ruleConfiguration, name: "config", whole: true, kind: field},
	{rule: ruleConfiguration, name: "configuration", whole: true, kind: field},
	{rule: ruleConfiguration, name: "配置", kind: field},
}

// spellings are those of a word that is not ASCII in query strings, in JSON and in what nginx escapes: where they
// are, the line is read with its escapes undone.
func spellings(word string) (out []string) {
	var query, nginx, json string
	for _, b := range []byte(word) {
		query += fmt.Sprintf("%%%02X", b)
		nginx += fmt.Sprintf(`\x%02X`, b)
	}
	for _, r := range word {
		if r < 0x80 || r > 0xffff {
			return nil
		}
		json += fmt.Sprintf(`\u%04x`, r)
	}
	return []string{query, nginx, json}
}
