import { css } from '@emotion/css';
import type { GrafanaTheme2, QueryEditorHelpProps } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import React from 'react';

import { t, type Key } from '../i18n';
import { VERSION, type Query } from '../types';

const EXAMPLES: [Key, string][] = [
  ['help.word', 'login'],
  ['help.phrase', '"login failed"'],
  ['help.field', 'observer.type:firewall'],
  ['help.list', 'log.level:(Error OR Fatal)'],
  ['help.regex', 'host.name:/app[0-9][0-9]/'],
  ['help.range', 'event.duration:>200000000'],
  ['help.network', 'source.ip:10.0.0.0/8'],
  ['help.exists', '_exists_:user.name'],
  ['help.not', 'observer.type:ips AND (log.level:Fatal OR scan*) AND NOT source.ip:10.0.0.0/8'],
];

/** The query language by examples, as Explore shows it before the first query. */
export function QueryHelp({ onClickExample }: QueryEditorHelpProps<Query>) {
  const styles = useStyles2(getStyles);
  return (
    <div>
      <h2>{t('help.title')}</h2>
      <p>{t('help.about')}</p>
      <dl className={styles.list}>
        {EXAMPLES.map(([key, query]) => (
          <React.Fragment key={key}>
            <dt>{t(key)}</dt>
            <dd>
              <button
                type="button"
                className={styles.example}
                onClick={() => {
                  onClickExample({ refId: 'A', v: VERSION, kind: 'logs', editor: 'code', query });
                }}
              >
                <code>{query}</code>
              </button>
            </dd>
          </React.Fragment>
        ))}
      </dl>
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  list: css({ display: 'grid', gridTemplateColumns: 'max-content 1fr', gap: theme.spacing(0.5, 2), dd: { margin: 0 } }),
  example: css({ background: 'none', border: 0, padding: 0, cursor: 'pointer', textAlign: 'left' }),
});
