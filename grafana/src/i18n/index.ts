import { config } from '@grafana/runtime';

import type { Key } from './en';
import { languageOf, translate } from './translate';

export type { Key };

/** The text of key in the language that the user has chosen in Grafana, with each {name} as params says. */
export function t(key: Key, params?: Record<string, string | number>): string {
  // While tests run there is no boot data.
  const user = (config.bootData as typeof config.bootData | undefined)?.user as { language?: string } | undefined;
  return translate(languageOf(user?.language, navigator.language), key, params);
}
