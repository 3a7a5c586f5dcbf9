/** Values as text of the query language. */
import { isAddress } from './lexer';

/** value in quotes: the phrase, or exactly this. */
export function quote(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}

const number = /^-?\d+(\.\d+)?$/;
const network = /^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/;

/** Whether value means in quotes not what it means without: numbers read better, and networks are only networks without. */
export function isPlain(value: string): boolean {
  return number.test(value) || network.test(value) || (isAddress(value) && value.includes('/'));
}

/** A value of a field: any string, meant as it is. */
export function literal(value: string): string {
  return isPlain(value) ? value : quote(value);
}

/** value as part of an unquoted word: signs with a meaning get a backslash, a minus only where it is one. */
export function escapeWord(value: string): string {
  return value.replace(/^-|[^\p{L}\p{M}\p{N}_.@-]/gu, '\\$&');
}

/** value as part of a regular expression between slashes. */
export function escapeRegex(value: string): string {
  return value.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
