/**
 * The words of the editors, in English and Simplified Chinese. A dictionary of our own, because @grafana/i18n came with
 * Grafana 12.1; the compiler sees to it that neither language lacks a key.
 */
import { en, type Key } from './en';
import { zh } from './zh';

const dictionaries = { en, zh };
export type Language = keyof typeof dictionaries;

/** The language of a user whose preference is tag, e.g. zh-Hans; without one, the browser's. */
export function languageOf(tag: string | undefined, browser: string): Language {
  return (tag === undefined || tag === '' || tag === 'default' ? browser : tag).toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

/** The text of key in a language, with each {name} as params says. */
export function translate(language: Language, key: Key, params: Record<string, string | number> = {}): string {
  return dictionaries[language][key].replace(/\{(\w+)\}/g, (all, name: string) => String(params[name] ?? all));
}
