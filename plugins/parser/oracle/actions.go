package main

var someAction = facts{"", dbase, info}

// actions are those of AUDIT_ACTIONS by their numbers.
var actions = [...]*facts{
	1: {"CREATE TABLE", dbase, creation}, 2: {"INSERT", dbase, change}, 3: {"SELECT", dbase, access}, 6: {"UPDATE", dbase, change},
	7: {"DELETE", dbase, change}, 9: {"CREATE INDEX", dbase, creation}, 10: {"DROP INDEX", dbase, deletion},
	11: {"ALTER INDEX", dbase, change}, 12: {"DROP TABLE", dbase, deletion}, 13: {"CREATE SEQUENCE", dbase, creation},
	15: {"ALTER TABLE", dbase, change}, 17: {"GRANT OBJECT", iam, admin}, 18: {"REVOKE OBJECT", iam, admin},
	19: {"CREATE SYNONYM", dbase, creation}, 20: {"DROP SYNONYM", dbase, deletion}, 21: {"CREATE VIEW", dbase, creation},
	22: {"DROP VIEW", dbase, deletion}, 24: {"CREATE PROCEDURE", dbase, creation}, 25: {"ALTER PROCEDURE", dbase, change},
	26: {"LOCK", dbase, access}, 28: {"RENAME", dbase, change}, 29: {"COMMENT", dbase, change},
	30: {"AUDIT OBJECT", configuration, change}, 31: {"NOAUDIT OBJECT", configuration, change},
	32: {"CREATE DATABASE LINK", dbase, creation}, 33: {"DROP DATABASE LINK", dbase, deletion}, 34: {"CREATE DATABASE", dbase, creation},
	35: {"ALTER DATABASE", configuration, change}, 39: {"CREATE TABLESPACE", dbase, creation}, 40: {"ALTER TABLESPACE", dbase, change},
	41: {"DROP TABLESPACE", dbase, deletion}, 42: {"ALTER SESSION", session, info}, 43: {"ALTER USER", iam, userChanged},
	44: {"COMMIT", dbase, info}, 45: {"ROLLBACK", dbase, info}, 47: {"PL/SQL EXECUTE", dbase, access},
	49: {"ALTER SYSTEM", configuration, change}, 51: {"CREATE USER", iam, userCreated}, 52: {"CREATE ROLE", iam, groupCreated},
	53: {"DROP USER", iam, userDeleted}, 54: {"DROP ROLE", iam, groupDeleted}, 55: {"SET ROLE", iam, info},
	59: {"CREATE TRIGGER", dbase, creation}, 60: {"ALTER TRIGGER", dbase, change}, 61: {"DROP TRIGGER", dbase, deletion},
	65: {"CREATE PROFILE", iam, creation}, 66: {"DROP PROFILE", iam, deletion}, 67: {"ALTER PROFILE", iam, change},
	68: {"DROP PROCEDURE", dbase, deletion}, 79: {"ALTER ROLE", iam, groupChanged}, 85: {"TRUNCATE TABLE", dbase, deletion},
	91: {"CREATE FUNCTION", dbase, creation}, 92: {"ALTER FUNCTION", dbase, change}, 93: {"DROP FUNCTION", dbase, deletion},
	94: {"CREATE PACKAGE", dbase, creation}, 95: {"ALTER PACKAGE", dbase, change}, 96: {"DROP PACKAGE", dbase, deletion},
	97: {"CREATE PACKAGE BODY", dbase, creation}, 98: {"ALTER PACKAGE BODY", dbase, change}, 99: {"DROP PACKAGE BODY", dbase, deletion},
	100: {"LOGON", authentication, start}, 101: {"LOGOFF", session, end}, 102: {"LOGOFF BY CLEANUP", session, end},
	103: {"SESSION REC", dbase, info}, 104: {"SYSTEM AUDIT", configuration, change}, 105: {"SYSTEM NOAUDIT", configuration, change},
	106: {"AUDIT DEFAULT", configuration, change}, 107: {"NOAUDIT DEFAULT", configuration, change}, 108: {"SYSTEM GRANT", iam, admin},
	109: {"SYSTEM REVOKE", iam, admin}, 110: {"CREATE PUBLIC SYNONYM", dbase, creation}, 111: {"DROP PUBLIC SYNONYM", dbase, deletion},
	112: {"CREATE PUBLIC DATABASE LINK", dbase, creation}, 113: {"DROP PUBLIC DATABASE LINK", dbase, deletion},
	114: {"GRANT ROLE", iam, admin}, 115: {"REVOKE ROLE", iam, admin}, 116: {"EXECUTE PROCEDURE", dbase, access},
	157: {"CREATE DIRECTORY", dbase, creation}, 158: {"DROP DIRECTORY", dbase, deletion}, 189: {"MERGE", dbase, change},
}

// byNumber is the action of a number as Oracle writes it, nil if there is none.
func byNumber(digits []byte) *facts {
	if len(digits) == 0 || len(digits) > 3 || digits[0] == '0' {
		return nil
	}
	n := 0
	for _, c := range digits {
		if c-'0' > 9 {
			return nil
		}
		n = n*10 + int(c-'0')
	}
	if n >= len(actions) {
		return nil
	}
	return actions[n]
}

// byName are the same by their names, and those that AUDIT_ACTIONS parts by what they are about.
var byName = func() map[string]*facts {
	names := map[string]*facts{
		"GRANT": {"GRANT", iam, admin}, "REVOKE": {"REVOKE", iam, admin}, "AUDIT": {"AUDIT", configuration, change},
		"NOAUDIT": {"NOAUDIT", configuration, change}, "BEGIN": {"PL/SQL EXECUTE", dbase, access}, "TRUNCATE": {"TRUNCATE TABLE", dbase, deletion},
	}
	for _, f := range actions {
		if f != nil {
			names[f.name] = f
		}
	}
	return names
}()

// named are the actions that records of SYS have in words.
var named = map[string]*facts{
	"CONNECT": {"CONNECT", authentication, start}, "LOGOFF": {"LOGOFF", session, end}, "STARTUP": {"STARTUP", process, start},
	"SHUTDOWN": {"SHUTDOWN", process, end},
}

// failures are what the commonest error numbers mean: those of logins and of rights, and of the listener.
var failures = map[string]string{
	"942": "table or view does not exist", "955": "name is used by another object", "1005": "no password was given", "1017": "wrong user or password",
	"1031": "insufficient privileges", "1045": "user may not create a session", "1090": "shutdown in progress", "1920": "user or role exists",
	"1918": "no such user", "28000": "account locked", "28001": "password expired", "28003": "password is too weak",
	"28007": "password may not be used again", "28009": "SYS must connect as SYSDBA or SYSOPER", "12505": "SID not known to the listener",
	"12514": "service not known to the listener", "12516": "no free handler", "12518": "connection could not be handed over",
	"12519": "no handler for the service", "12520": "no handler of the type asked for", "12525": "client did not answer in time",
	"12528": "instance takes no connections", "12537": "connection closed", "12564": "connection refused", "1169": "user not recognised by the listener",
}
