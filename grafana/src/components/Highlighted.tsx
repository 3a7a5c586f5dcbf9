import { css, cx } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import React from 'react';

import { lex, type TokenKind } from '../language/lexer';
import { segments } from '../language/segments';
import type { Mistake } from '../resources';

/** The text of a query in colours, with mistakes underlined. */
export function Highlighted({ text, mistakes, className }: { text: string; mistakes: Mistake[]; className?: string }) {
  const styles = useStyles2(getStyles);
  return (
    <div className={className} aria-hidden>
      {segments(text, lex(text), mistakes).map((s) => (
        <span key={s.start} className={cx(styles.of[s.kind], s.variable && styles.variable, s.wrong && styles.wrong)}>
          {s.text}
        </span>
      ))}
      {/* A line break at the end makes a line only if something follows. */}
      {'\u200b'}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => {
  const color = theme.visualization.getColorByName.bind(theme.visualization);
  const operator = css({ color: color(theme.isDark ? 'light-purple' : 'dark-purple') });
  const string = css({ color: color(theme.isDark ? 'light-green' : 'dark-green') });
  const bracket = css({ color: theme.colors.text.secondary });
  const of: Partial<Record<TokenKind, string>> = {
    field: css({ color: color(theme.isDark ? 'light-blue' : 'dark-blue') }),
    and: operator,
    or: operator,
    not: operator,
    sign: operator,
    compare: operator,
    range: operator,
    open: bracket,
    close: bracket,
    quoted: string,
    regex: css({ color: color(theme.isDark ? 'light-orange' : 'dark-orange') }),
  };
  return {
    of,
    variable: css({ color: color(theme.isDark ? 'light-yellow' : 'dark-orange') }),
    wrong: css({ textDecoration: `underline wavy ${theme.colors.error.main}`, textDecorationSkipInk: 'none', textUnderlineOffset: 3 }),
  };
};
