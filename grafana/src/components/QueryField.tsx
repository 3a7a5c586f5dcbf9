import { css, cx } from '@emotion/css';
import { autoUpdate, computePosition, flip, offset, shift } from '@floating-ui/dom';
import type { GrafanaTheme2, TimeRange } from '@grafana/data';
import { Portal, useStyles2 } from '@grafana/ui';
import React, { useEffect, useId, useLayoutEffect, useRef, useState, type RefObject } from 'react';

import { t } from '../i18n';
import { Highlighted } from './Highlighted';
import type { Completion, Mistake, Resources } from '../resources';
import { useChecked } from './useChecked';

interface Props {
  value: string;
  onChange: (value: string) => void;
  /** Shift+Enter; value has been given to onChange before. */
  onRun?: () => void;
  resources: Resources;
  stream?: string;
  range?: TimeRange;
  label?: string;
  placeholder?: string;
}

/** How long nobody types before the backend is asked, in milliseconds. */
const COMPLETE_AFTER = 120;

/**
 * A query as text, with colours, suggestions, and mistakes underlined. It is a textarea, so that input methods and screen
 * readers work as everywhere; the colours lie behind it, letter for letter.
 *
 * What is typed reaches onChange when the field is left or the query is run, not with each key.
 */
export function QueryField({ value, onChange, onRun, resources, stream, range, label = t('query.label'), placeholder }: Props) {
  const styles = useStyles2(getStyles);
  const id = useId();
  const field = useRef<HTMLDivElement>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const mark = useRef<HTMLSpanElement>(null);
  const said = useRef<HTMLDivElement>(null);
  const [text, setText] = useState(value);
  const [given, setGiven] = useState(value);
  /** Where the caret goes once a suggestion has been taken. */
  const [caret, setCaret] = useState<{ at: number }>();
  const [completion, setCompletion] = useState<Completion>();
  const [active, setActive] = useState(0);
  const [asked, setAsked] = useState(0);
  const checked = useChecked(resources, text, stream);

  if (value !== given) {
    setGiven(value);
    setText(value);
  }
  useLayoutEffect(() => {
    if (caret) {
      area.current?.setSelectionRange(caret.at, caret.at);
    }
  }, [caret]);

  // Suggestions for where the caret is, whenever somebody asked, by typing or otherwise.
  useEffect(() => {
    if (asked === 0) {
      return undefined;
    }
    let stale = false;
    const timer = setTimeout(() => {
      const at = area.current?.selectionStart ?? 0;
      resources.complete(area.current?.value ?? '', at, { stream, range }).then(
        (c) => {
          if (!stale) {
            setCompletion(c.items.length > 0 ? c : undefined);
            setActive(0);
          }
        },
        () => {
          setCompletion(undefined); // suggestions are a convenience: the query works without
        },
      );
    }, COMPLETE_AFTER);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
  }, [asked, resources, stream, range]);

  const close = () => {
    setAsked(0);
    setCompletion(undefined);
  };
  const commit = () => {
    if (text !== value) {
      setGiven(text);
      onChange(text);
    }
  };
  const take = (n: number) => {
    const item = completion?.items[n];
    if (completion === undefined || item === undefined) {
      return;
    }
    setText(text.slice(0, completion.start) + item.insert + text.slice(completion.end));
    setCaret({ at: completion.start + item.insert.length });
    setCompletion(undefined);
    setAsked(/[:\s(]$/.test(item.insert) ? asked + 1 : 0);
  };

  const onKeyDown = (e: React.KeyboardEvent) => {
    if (e.nativeEvent.isComposing) {
      return; // these keys are the input method's
    }
    if (e.key === 'Enter' && e.shiftKey) {
      commit();
      close();
      onRun?.();
    } else if (e.key === ' ' && e.ctrlKey) {
      setAsked(asked + 1);
    } else if (completion === undefined) {
      return;
    } else if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
      const n = completion.items.length;
      setActive((active + (e.key === 'ArrowDown' ? 1 : n - 1)) % n);
    } else if (e.key === 'Enter' || (e.key === 'Tab' && !e.shiftKey)) {
      take(active);
    } else if (e.key === 'Escape') {
      close();
    } else {
      return;
    }
    e.preventDefault();
    e.stopPropagation();
  };

  return (
    <div className={styles.field} ref={field}>
      <div className={cx(styles.box, checked?.error && styles.wrong)}>
        <Highlighted text={text} mistakes={mistakes(checked)} className={styles.text} />
        <textarea
          ref={area}
          className={cx(styles.text, styles.area)}
          value={text}
          rows={1}
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="off"
          placeholder={placeholder ?? t('query.placeholder')}
          aria-label={label}
          aria-invalid={checked?.error !== undefined}
          aria-describedby={`${id}-keys ${id}-mistake`}
          aria-autocomplete="list"
          aria-haspopup="listbox"
          aria-controls={completion && `${id}-list`}
          aria-activedescendant={completion && `${id}-${String(active)}`}
          onChange={(e) => {
            setText(e.target.value);
            setAsked(asked + 1);
          }}
          onKeyDown={onKeyDown}
          onSelect={() => {
            if (completion && (area.current?.selectionStart ?? 0) !== completion.end) {
              setCompletion(undefined);
            }
          }}
          onBlur={() => {
            close();
            commit();
          }}
        />
        <div className={cx(styles.text, styles.mirror)} aria-hidden>
          {text.slice(0, completion?.start ?? 0)}
          <span ref={mark} />
        </div>
      </div>
      <div id={`${id}-keys`} className={styles.hidden}>
        {t('query.keys')}
      </div>
      <div role="status" className={styles.hidden}>
        {completion && t('query.suggestions.count', { count: completion.items.length })}
      </div>
      <div id={`${id}-mistake`} role="status" ref={said}>
        {checked && <Mistakes error={checked.error} warnings={checked.warnings} />}
      </div>
      {completion && <Suggestions id={id} completion={completion} active={active} field={field} at={mark} below={said} onTake={take} />}
    </div>
  );
}

function mistakes(checked: ReturnType<typeof useChecked>): Mistake[] {
  return checked?.error ? [checked.error] : (checked?.warnings ?? []);
}

/** What is wrong, in the words of the backend. */
function Mistakes({ error, warnings = [] }: { error?: Mistake; warnings?: Mistake[] }) {
  const styles = useStyles2(getStyles);
  return (error ? [error] : warnings).map((m) => (
    <div key={`${String(m.start)} ${m.message}`} className={cx(styles.mistake, !error && styles.warning)}>
      {m.message}
      {m.hint && <span className={styles.hint}> — {m.hint}</span>}
    </div>
  ));
}

interface SuggestionsProps {
  id: string;
  completion: Completion;
  active: number;
  /** What the two others are in, and grows with. */
  field: RefObject<HTMLElement>;
  /** Stands in the text where the list is to be. */
  at: RefObject<HTMLElement>;
  /** What the list must not cover. */
  below: RefObject<HTMLElement>;
  onTake: (n: number) => void;
}

function Suggestions({ id, completion, active, field, at, below, onTake }: SuggestionsProps) {
  const styles = useStyles2(getStyles);
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.children[active]?.scrollIntoView({ block: 'nearest' });
  }, [active]);
  // The list stays where it belongs when a mistake appears, an answer comes above it, or somebody scrolls.
  useLayoutEffect(() => {
    const floating = list.current;
    const contextElement = field.current;
    if (floating === null || contextElement === null) {
      return undefined;
    }
    const anchor = { contextElement, getBoundingClientRect: () => span(at.current, below.current) };
    return autoUpdate(
      anchor,
      floating,
      () => {
        void computePosition(anchor, floating, { strategy: 'fixed', placement: 'bottom-start', middleware: [offset(4), flip(), shift()] }).then(({ x, y }) => {
          Object.assign(floating.style, { left: `${String(x)}px`, top: `${String(y)}px` });
        });
      },
    );
  }, [field, at, below, completion]);
  return (
    <Portal>
      <ul
        ref={list}
        id={`${id}-list`}
        role="listbox"
        aria-label={t('query.suggestions')}
        className={styles.list}
      >
        {completion.items.map((item, n) => (
          <li
            key={`${item.kind} ${item.label}`}
            id={`${id}-${String(n)}`}
            role="option"
            aria-selected={n === active}
            className={cx(styles.item, n === active && styles.active)}
            // Not click: the field would be left first.
            onMouseDown={(e) => {
              e.preventDefault();
              onTake(n);
            }}
          >
            <span className={styles.name}>{item.label}</span>
            <span className={styles.detail}>{item.detail}</span>
            {n === active && item.documentation && <div className={styles.documentation}>{item.documentation}</div>}
          </li>
        ))}
      </ul>
    </Portal>
  );
}

/** The place from where the caret stands down to the end of what is said below. */
function span(caret: HTMLElement | null, below: HTMLElement | null): DOMRect {
  const place = caret?.getBoundingClientRect() ?? new DOMRect();
  const said = below?.getBoundingClientRect();
  return new DOMRect(place.left, place.top, 0, Math.max(place.bottom, said && said.height > 0 ? said.bottom : 0) - place.top);
}

const getStyles = (theme: GrafanaTheme2) => ({
  field: css({ flexGrow: 1, minWidth: 0, position: 'relative' }),
  box: css({
    display: 'grid',
    position: 'relative',
    background: theme.components.input.background,
    border: `1px solid ${theme.components.input.borderColor}`,
    borderRadius: theme.shape.radius.default,
    '&:focus-within': { outline: `2px solid ${theme.colors.primary.main}`, outlineOffset: 1 },
  }),
  wrong: css({ borderColor: theme.colors.error.border }),
  // The three layers have one cell and the same letters.
  text: css({
    gridArea: '1 / 1',
    margin: 0,
    padding: theme.spacing(0.5, 1),
    fontFamily: theme.typography.fontFamilyMonospace,
    fontSize: theme.typography.bodySmall.fontSize,
    lineHeight: '22px',
    letterSpacing: 0,
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
    minHeight: 30,
  }),
  area: css({
    border: 0,
    outline: 'none',
    resize: 'none',
    overflow: 'hidden',
    width: '100%',
    height: '100%',
    background: 'transparent',
    color: 'transparent',
    caretColor: theme.colors.text.primary,
    '&::placeholder': { color: theme.colors.text.disabled },
    '&::selection': { color: 'transparent', background: theme.colors.action.selected },
  }),
  mirror: css({ visibility: 'hidden', pointerEvents: 'none' }),
  hidden: css({ position: 'absolute', width: 1, height: 1, overflow: 'hidden', clipPath: 'inset(50%)', whiteSpace: 'nowrap' }),
  mistake: css({ color: theme.colors.error.text, fontSize: theme.typography.bodySmall.fontSize, paddingTop: theme.spacing(0.5) }),
  warning: css({ color: theme.colors.warning.text }),
  hint: css({ color: theme.colors.text.secondary }),
  list: css({
    position: 'fixed',
    left: 0,
    top: 0,
    zIndex: theme.zIndex.portal,
    listStyle: 'none',
    margin: 0,
    padding: theme.spacing(0.5),
    minWidth: 280,
    maxWidth: 600,
    maxHeight: 280,
    overflowY: 'auto',
    background: theme.colors.background.elevated,
    border: `1px solid ${theme.colors.border.weak}`,
    borderRadius: theme.shape.radius.default,
    boxShadow: theme.shadows.z3,
  }),
  item: css({ padding: theme.spacing(0.5, 1), cursor: 'pointer', borderRadius: theme.shape.radius.default, fontSize: theme.typography.bodySmall.fontSize }),
  active: css({ background: theme.colors.action.selected }),
  name: css({ fontFamily: theme.typography.fontFamilyMonospace }),
  detail: css({ color: theme.colors.text.secondary, marginLeft: theme.spacing(1) }),
  documentation: css({ color: theme.colors.text.secondary, paddingTop: theme.spacing(0.5) }),
});
