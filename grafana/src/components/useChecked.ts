import { useEffect, useState } from 'react';

import type { Resources, Validation } from '../resources';

/** How long nobody types before a query is checked, in milliseconds. */
const CHECK_AFTER = 300;

/** What is wrong with a query, as of when nobody typed for a moment; undefined as long as it is not known. */
export function useChecked(resources: Resources, text: string, stream?: string): Validation | undefined {
  const [checked, setChecked] = useState<{ text: string; answer: Validation }>();
  useEffect(() => {
    if (text.trim() === '') {
      return undefined;
    }
    let stale = false;
    const timer = setTimeout(() => {
      resources.validate(text, stream).then(
        (answer) => {
          if (!stale) {
            setChecked({ text, answer });
          }
        },
        () => {
          setChecked(undefined); // running the query will say what is wrong
        },
      );
    }, CHECK_AFTER);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
  }, [resources, text, stream]);
  return checked?.text === text ? checked.answer : undefined;
}
