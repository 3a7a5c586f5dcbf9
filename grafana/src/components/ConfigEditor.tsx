import { css } from '@emotion/css';
import type { DataSourcePluginOptionsEditorProps } from '@grafana/data';
import { Alert, Field, FieldSet, Input, RadioButtonGroup, SecretInput, SecretTextArea, Switch, TextLink } from '@grafana/ui';
import React, { useId } from 'react';

import { NumberInput } from './inputs';
import { t, type Key } from '../i18n';
import type { Secrets, Settings } from '../types';

type Props = DataSourcePluginOptionsEditorProps<Settings, Secrets>;
type Method = 'token' | 'basic';

const WIDTH = 60;
/** On a narrow screen they are as wide as there is room. */
const FITS = css({ maxWidth: '100%' });

/** How Grafana reaches a Logcenter, and what queries take unless they say otherwise. */
export function ConfigEditor(props: Props) {
  const { options } = props;
  return (
    <>
      <p>
        {t('config.about')}{' '}
        <TextLink href="https://github.com/logcenter/logcenter/blob/main/grafana/README.md" external inline>
          {t('config.docs')}
        </TextLink>
      </p>
      {options.readOnly && <Alert severity="info" title={t('config.readonly')} />}
      <Connection {...props} />
      <Authentication {...props} />
      <Tls {...props} />
      <Defaults {...props} />
    </>
  );
}

/** Why url is no address of an API, or undefined. */
export function wrongURL(url: string): Key | undefined {
  if (url.trim() === '') {
    return 'config.url.missing';
  }
  return /^https?:\/\/[^/\s]+/.test(url.trim()) ? undefined : 'config.url.wrong';
}

function Connection({ options, onOptionsChange }: Props) {
  const id = useId();
  const wrong = wrongURL(options.url);
  return (
    <FieldSet label={t('config.connection')}>
      <Field noMargin label={t('config.url')} description={t('config.url.about')} required invalid={options.url !== '' && wrong !== undefined} error={wrong && t(wrong)}>
        <Input
          id={`${id}-url`}
          type="url"
          width={WIDTH} className={FITS}
          placeholder="http://127.0.0.1:8080"
          value={options.url}
          disabled={options.readOnly}
          onChange={(e) => { onOptionsChange({ ...options, url: e.currentTarget.value.trim() }); }}
        />
      </Field>
    </FieldSet>
  );
}

/** Sets and resets what Grafana keeps encrypted. */
function secrets({ options, onOptionsChange }: Props, key: keyof Secrets) {
  return {
    isConfigured: options.secureJsonFields[key] === true,
    value: options.secureJsonData?.[key] ?? '',
    disabled: options.readOnly,
    onChange: (e: React.FormEvent<HTMLInputElement | HTMLTextAreaElement>) => {
      onOptionsChange({ ...options, secureJsonData: { ...options.secureJsonData, [key]: e.currentTarget.value } });
    },
    onReset: () => {
      onOptionsChange({ ...options, secureJsonFields: { ...options.secureJsonFields, [key]: false }, secureJsonData: { ...options.secureJsonData, [key]: '' } });
    },
  };
}

function Authentication(props: Props) {
  const id = useId();
  const { options, onOptionsChange } = props;
  const method: Method = options.basicAuth ? 'basic' : 'token';
  return (
    <FieldSet label={t('config.auth')}>
      <Field label={t('config.auth.method')}>
        <RadioButtonGroup
          aria-label={t('config.auth.method')}
          disabled={options.readOnly}
          options={[
            { value: 'token' as const, label: t('config.auth.token') },
            { value: 'basic' as const, label: t('config.auth.basic') },
          ]}
          value={method}
          onChange={(chosen) => { onOptionsChange({ ...options, basicAuth: chosen === 'basic' }); }}
        />
      </Field>
      {method === 'token' ? (
        <Field noMargin label={t('config.token')} description={t('config.token.about')}>
          <SecretInput id={`${id}-token`} width={WIDTH} className={FITS} placeholder={t('config.token.placeholder')} autoComplete="off" {...secrets(props, 'apiToken')} />
        </Field>
      ) : (
        <>
          <Field label={t('config.user')} description={t('config.user.about')}>
            <Input
              id={`${id}-user`}
              width={WIDTH} className={FITS}
              autoComplete="off"
              disabled={options.readOnly}
              value={options.basicAuthUser}
              onChange={(e) => { onOptionsChange({ ...options, basicAuthUser: e.currentTarget.value }); }}
            />
          </Field>
          <Field noMargin label={t('config.password')}>
            <SecretInput id={`${id}-password`} width={WIDTH} className={FITS} autoComplete="new-password" {...secrets(props, 'basicAuthPassword')} />
          </Field>
        </>
      )}
    </FieldSet>
  );
}

/** Sets a part of what is not secret; undefined and the empty text take it away. */
function setter({ options, onOptionsChange }: Props) {
  return (part: Partial<Settings>) => {
    const jsonData = Object.fromEntries(Object.entries({ ...options.jsonData, ...part }).filter(([, v]) => v !== undefined && v !== ''));
    onOptionsChange({ ...options, jsonData: jsonData as Settings });
  };
}

function Tls(props: Props) {
  const id = useId();
  const { jsonData, readOnly } = props.options;
  const set = setter(props);
  const flag = (key: 'tlsAuthWithCACert' | 'tlsAuth' | 'tlsSkipVerify', name: Key, about: Key) => (
    <Field label={t(name)} description={t(about)}>
      <Switch id={`${id}-${key}`} disabled={readOnly} value={jsonData[key] ?? false} onChange={(e) => { set({ [key]: e.currentTarget.checked || undefined }); }} />
    </Field>
  );
  const pem = (key: 'tlsCACert' | 'tlsClientCert' | 'tlsClientKey', name: Key, kind: string) => (
    <Field label={t(name)}>
      <SecretTextArea id={`${id}-${key}`} cols={70} rows={5} placeholder={`-----BEGIN ${kind}-----`} {...secrets(props, key)} />
    </Field>
  );
  return (
    <FieldSet label={t('config.tls')}>
      <p>{t('config.tls.about')}</p>
      {flag('tlsAuthWithCACert', 'config.tls.ca', 'config.tls.ca.about')}
      {jsonData.tlsAuthWithCACert && pem('tlsCACert', 'config.tls.ca.cert', 'CERTIFICATE')}
      {flag('tlsAuth', 'config.tls.client', 'config.tls.client.about')}
      {jsonData.tlsAuth && (
        <>
          {pem('tlsClientCert', 'config.tls.client.cert', 'CERTIFICATE')}
          {pem('tlsClientKey', 'config.tls.client.key', 'PRIVATE KEY')}
        </>
      )}
      <Field label={t('config.tls.server')} description={t('config.tls.server.about')}>
        <Input id={`${id}-server`} width={WIDTH} className={FITS} disabled={readOnly} value={jsonData.serverName ?? ''} onChange={(e) => { set({ serverName: e.currentTarget.value }); }} />
      </Field>
      {flag('tlsSkipVerify', 'config.tls.skip', 'config.tls.skip.about')}
    </FieldSet>
  );
}

function Defaults(props: Props) {
  const id = useId();
  const { jsonData, readOnly } = props.options;
  const set = setter(props);
  return (
    <FieldSet label={t('config.queries')}>
      <Field label={t('config.stream')} description={t('config.stream.about')}>
        <Input id={`${id}-stream`} width={WIDTH} className={FITS} disabled={readOnly} value={jsonData.stream ?? ''} onChange={(e) => { set({ stream: e.currentTarget.value }); }} />
      </Field>
      <Field label={t('config.maxLines')} description={t('config.maxLines.about')}>
        <NumberInput id={`${id}-lines`} width={20} min={1} max={100000} placeholder="1000" value={jsonData.maxLines} onChange={(maxLines) => { set({ maxLines }); }} />
      </Field>
      <Field label={t('config.timeout')} description={t('config.timeout.about')}>
        <NumberInput id={`${id}-timeout`} width={20} min={1} max={600} placeholder="60" value={jsonData.timeoutSec} onChange={(timeoutSec) => { set({ timeoutSec }); }} />
      </Field>
      <Field noMargin label={t('config.level')} description={t('config.level.about')}>
        <Input id={`${id}-level`} width={WIDTH} className={FITS} placeholder="log.level" disabled={readOnly} value={jsonData.levelField ?? ''} onChange={(e) => { set({ levelField: e.currentTarget.value }); }} />
      </Field>
    </FieldSet>
  );
}
