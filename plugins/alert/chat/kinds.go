package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk/message"
)

// call is what a message is made of.
type call struct {
	base, token, key string // key is empty where nothing is signed
	title, text      string
	chinese          bool
	now              time.Time
}

// verdict is what an answer says.
type verdict int

const (
	taken      verdict = iota // the message is in the chat
	refused                   // another try will not help
	busy                      // another try may help
	tooMany                   // the chat has had enough for now
	unreadable                // it is none of the chat's answers
)

// kind is a chat.
type kind struct {
	usual     string // URL without the token
	perMinute int
	penalty   time.Duration // how long a chat takes nothing that has had too many messages
	most      int           // bytes of a text
	escape    message.Escape
	signs     bool
	request   func(*call) (to string, body any)
	// answer reads the body of an answer; the error says why it is not taken.
	answer func(body []byte) (verdict, error)
}

// The texts of all kinds are plain, as markup differs, and none of them can be escaped safely in all chats.
var kinds = map[string]*kind{
	// https://open.dingtalk.com/document/orgapp/custom-robots-send-group-messages: more than 20 messages a minute silence the robot
	// for ten.
	"dingtalk": {
		usual: "https://oapi.dingtalk.com/robot/send", perMinute: 20, penalty: 10 * time.Minute, most: 12 << 10, escape: message.Chat, signs: true,
		request: dingtalk,
		// -1 is busy; 130101 and 410100 are too many messages.
		answer: codes("errcode", "errmsg", []int64{-1}, []int64{130101, 410100}),
	},
	// https://developer.work.weixin.qq.com/document/path/91770: 20 messages a minute, of 2048 bytes.
	"wecom": {
		usual: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send", perMinute: 20, penalty: time.Minute, most: 2048, escape: message.Chat,
		request: func(c *call) (string, any) {
			return c.base + "?key=" + url.QueryEscape(c.token), map[string]any{"msgtype": "text", "text": map[string]any{"content": c.text}}
		},
		// -1 is busy, 45033 too many calls at once, 45009 too many messages.
		answer: codes("errcode", "errmsg", []int64{-1, 45033}, []int64{45009}),
	},
	// https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot: 100 messages a minute, 5 a second, of 20 KB.
	"feishu": {
		usual: "https://open.feishu.cn/open-apis/bot/v2/hook", perMinute: 100, penalty: time.Minute, most: 12 << 10, escape: message.Chat, signs: true,
		request: feishu,
		// 11232, 11233 and 11247 are too many messages, and so is 99991400, which the gateway answers.
		answer: codes("code", "msg", nil, []int64{11232, 11233, 11247, 99991400}),
	},
	// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and /apis/web-api/rate-limits: one message a second;
	// status and Retry-After say all. Those who take Slack's messages may say no in a body that is JSON.
	"slack": {
		usual: "https://hooks.slack.com/services", perMinute: 60, most: 12 << 10, escape: message.Mrkdwn,
		request: func(c *call) (string, any) {
			return c.base + "/" + c.token, map[string]any{"text": c.text, "mrkdwn": false, "link_names": 0, "parse": "none", "unfurl_links": false, "unfurl_media": false}
		},
		answer: slack,
	},
}

// dingtalk signs by a query: base64 of HMAC-SHA256 with the secret over TIMESTAMP\nSECRET, in milliseconds.
func dingtalk(c *call) (to string, body any) {
	q := url.Values{"access_token": {c.token}}
	if c.key != "" {
		at := strconv.FormatInt(c.now.UnixMilli(), 10)
		q.Set("timestamp", at)
		q.Set("sign", mac(c.key, at+"\n"+c.key))
	}
	return c.base + "?" + q.Encode(), map[string]any{"msgtype": "text", "text": map[string]any{"content": c.text}, "at": map[string]any{"isAtAll": false}}
}

// feishu signs in the body: base64 of HMAC-SHA256 with TIMESTAMP\nSECRET as its key over nothing, in seconds. Elements text of
// a post know no markup.
func feishu(c *call) (to string, body any) {
	language := "en_us"
	if c.chinese {
		language = "zh_cn"
	}
	// The title stands above the text, which begins with it.
	text := strings.TrimLeft(strings.TrimPrefix(c.text, c.title), "\n")
	lines := make([][]map[string]any, 0, 32)
	for line := range strings.Lines(text) {
		lines = append(lines, []map[string]any{{"tag": "text", "text": strings.TrimRight(line, "\n")}})
	}
	m := map[string]any{"msg_type": "post", "content": map[string]any{"post": map[string]any{language: map[string]any{"title": c.title, "content": lines}}}}
	if c.key != "" {
		at := strconv.FormatInt(c.now.Unix(), 10)
		m["timestamp"], m["sign"] = at, mac(at+"\n"+c.key, "")
	}
	return c.base + "/" + url.PathEscape(c.token), m
}

func mac(key, text string) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// codes reads answers that have a number, 0 for taken, and a text.
func codes(number, text string, isBusy, isTooMany []int64) func([]byte) (verdict, error) {
	return func(body []byte) (verdict, error) {
		var a map[string]json.RawMessage
		var n *int64
		if json.Unmarshal(body, &a) != nil || json.Unmarshal(a[number], &n) != nil || n == nil {
			return unreadable, fmt.Errorf("answers what is none of its answers: %.200q", body)
		}
		var said string
		_ = json.Unmarshal(a[text], &said) // for people; the number is what counts
		err := fmt.Errorf("answers %s %d: %.200q", number, *n, said)
		switch {
		case *n == 0:
			return taken, nil
		case slices.Contains(isTooMany, *n):
			return tooMany, err
		case slices.Contains(isBusy, *n):
			return busy, err
		}
		return refused, err
	}
}

// slack reads what its likes answer: nothing, ok, or JSON that says ok or success.
func slack(body []byte) (verdict, error) {
	var a struct {
		OK, Success *bool
		Error       string
	}
	switch {
	case json.Unmarshal(body, &a) != nil:
		return taken, nil // the status says all
	case a.OK != nil && !*a.OK, a.Success != nil && !*a.Success:
		return refused, fmt.Errorf("answers no: %.200q", a.Error)
	}
	return taken, nil
}
