package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestPasswordSpellings are keys and values as devices, programs and people write them, and values that look like their own end.
func TestPasswordSpellings(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		// As devices write them.
		{`user=a;password=x!@*_-.9;srcip=1`, `user=a;password=******;srcip=1`},
		{`user=a;passwd=Zq1@b*;service=vpn`, `user=a;passwd=******;service=vpn`},
		{`desc=新密码=abc-12;`, `desc=新密码=******;`},
		{`密码：秘密123，用户：张三`, `密码：******，用户：张三`},
		{`口令为 abc123。`, `口令为 ******。`},
		{`GET /login?user=a&password=a%26b%3Dc%25&remember=1 HTTP/1.1`, `GET /login?user=a&password=******&remember=1 HTTP/1.1`},
		{`GET /l?%E5%AF%86%E7%A0%81=abc&x=1 HTTP/1.1`, `GET /l?%E5%AF%86%E7%A0%81=******&x=1 HTTP/1.1`},
		{`body=user%3Da%26password%3Dsecret%26x%3D1`, `body=user%3Da%26password%3D******%26x%3D1`},
		{`{"user":"a","password":"a\"b,c","x":1}`, `{"user":"a","password":"******","x":1}`},
		{`{\"password\":\"abc\",\"x\":1}`, `{\"password\":\"******\",\"x\":1}`},
		{`%7B%22password%22%3A%22abc%22%7D`, `%7B%22password%22%3A%22******%22%7D`},
		{`<user>a</user><password>a b</password>`, `<user>a</user><password>******</password>`},
		{`mysql --password s3cr3t -u root`, `mysql --password ****** -u root`},
		{`mysql --password=s3cr3t -u root`, `mysql --password=****** -u root`},
		{`password(new)=abc;`, `password(new)=******;`},
		// Keys in other spellings.
		{`PASSWORD=abc`, `PASSWORD=******`},
		{`pAsSwOrD: abc`, `pAsSwOrD: ******`},
		{`DB_PASSWORD="a b c"`, `DB_PASSWORD="******"`},
		{`userPass=abc new_password=def confirmPwd='g h'`, `userPass=****** new_password=****** confirmPwd='******'`},
		{`password1=abc&password_confirm=def`, `password1=******&password_confirm=******`},
		{`form[password]=abc&x=1`, `form[password]=******&x=1`},
		{`pass = abc`, `pass = ******`},
		{`the password is hunter2`, `the password is ******`},
		// Values that look like the end of a value.
		{`password=a,b,user=x`, `password=******,user=x`},
		{`password=a)b (login)`, `password=****** (login)`},
		{`(password=abc)`, `(password=******)`},
		{`password=it's`, `password=******`},
		{`password="never closed`, `password="******`},
		{`password=`, `password=`},
		{`password=;user=a`, `password=;user=a`},
		{`password=中文密码`, `password=******`},
		{`password=abc password=def`, `password=****** password=******`},
		{`password=password=abc`, `password=******`},
		{`password=******;x=1`, `password=******;x=1`},
		// Tokens and headers.
		{`Authorization: Basic dXNlcjpwYXNz`, `Authorization: Basic ******`},
		{`"Authorization":"Bearer abc.def-ghi_j","x":"y"`, `"Authorization":"Bearer ******","x":"y"`},
		{`authorization=Digest username="a", response="b"`, `authorization=******`},
		{`access_token=abcdef123456&x=1`, `access_token=******&x=1`},
		{`client_secret: abcdef-123456`, `client_secret: ******`},
		{`X-Api-Key: abcdef123456`, `X-Api-Key: ******`},
		{`sent Bearer abcdefghijklmnop123 on`, `sent Bearer ****** on`},
		{`https://bob:hunter2@host.example/x`, `https://bob:******@host.example/x`},
		{`postgres://app:p@ss@db:5432/x`, `postgres://app:******@db:5432/x`},
	} {
		assert.Equal(t, tt.want, maskAll(t, "{}", tt.line)[0])
	}
}

// TestOrdinaryWords are lines with the words of keys and no secret.
func TestOrdinaryWords(t *testing.T) {
	for _, line := range []string{
		`GET /download?file=../../etc/passwd HTTP/1.1`,
		`reason=密码错误;desc=登录失败`,
		`Accepted password for root from 192.0.2.1`,
		`bypass=1 compass:north passenger=7`,
		`syntax error, unexpected token: else`,
		`token_type=bearer`,
		`password: null`,
		`"password":true`,
		`max-age=300 keepalive=1 monkey=2`,
		`mail from a@b.example to c@d.example`,
		`https://host.example/a:b@c`,
		`a bearer of news`,
		`安全策略=3`,
	} {
		assert.Equal(t, line, maskAll(t, "{}", line)[0])
	}
}

// TestNumberSpellings are account and ID-card numbers, those of cards being the ones that providers publish for tests.
func TestNumberSpellings(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		// Account numbers: those that payment providers publish for tests.
		{`cardNo=6200000000000005;`, `cardNo=6200********0005;`},
		{`cardNo%3D4000000000000002`, `cardNo%3D4000********0002`},
		{`q=%206200000000000005`, `q=%206200********0005`},
		{`卡号6200000000000000003转账`, `卡号62000********000003转账`},
		{`4000 0000 0000 0002`, `4000 **** **** 0002`},
		{`4000-0000-0000-0002.`, `4000-****-****-0002.`},
		{`x 4000%200000%200000%200002&`, `x 4000%20****%20****%200002&`},
		{`3782 822463 10005`, `378* ****** *0005`},
		{`378282246310005`, `378********0005`},
		{`30569309025904`, `305********904`},
		{`seq 200 4000 0000 0000 0002 17`, `seq 200 4000 **** **** 0002 17`},
		{`账号：1234567890123456`, `账号：1234********3456`}, // the key says so, whatever the digits
		{`account=1234567890123`, `account=12********123`},
		// ID cards.
		{`id=11010119900307109X;`, `id=110101********109X;`},
		{`id=11010119900307109x`, `id=110101********109x`},
		{`身份证110101199003070011`, `身份证110101********0011`},
		{`110101 19900307 0011`, `110101 ******** 0011`},
		{`id 110101900307001 `, `id 1101********001 `},
	} {
		assert.Equal(t, tt.want, maskAll(t, "{}", tt.line)[0])
	}
}

// TestOrdinaryNumbers are times, sizes, names and telephone numbers.
func TestOrdinaryNumbers(t *testing.T) {
	for _, line := range []string{
		`ts=1760155200123`,              // milliseconds, of which one in ten has a right Luhn digit
		`ts=1760155200000`,              //
		`ts=1760155200123456 us`,        //
		`ts=1760155200123456789 ns`,     //
		`20261011120000`,                // a time
		`20261011120000123`,             //
		`bytes=15272686 inbytes=369540`, //
		`id=4000000000000001`,           // no right check digit
		`x4000000000000002`,             // part of a name
		`4000000000000002abc`,           //
		`0.4000000000000002`,            // a fraction
		`4000000000000002.5`,            //
		`40000000000000020`,             // 17 digits
		`400000000000000200000`,         // 21 digits
		`550e8400-e29b-41d4-a716-446655440000`,
		`12345678-1234-1234-1234-123456789012`,
		`110101199013070011`, // month 13
		`990101199003070011`, // no such region
		`2026-10-11 12:00:00 10.16.9.167 62598 53`,
		`+86 138 0000 0000`,
		`4000 0000 0000 0001`,
		`4000  0000 0000 0002`,
		`4000-0000 0000-0002`,
	} {
		assert.Equal(t, line, maskAll(t, "{}", line)[0])
	}
}
