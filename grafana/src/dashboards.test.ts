/** What only Grafana's packages know of a dashboard: units, transformations, calculations, colours. The schema is checked beside their description in Go. */
import { DataTransformerID, FieldColorModeId, ReducerID, getValueFormats } from '@grafana/data';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

interface Panel {
  title: string;
  type: string;
  options: Record<string, unknown>;
  fieldConfig: { defaults: Record<string, unknown>; overrides: { properties: { id: string; value?: unknown }[] }[] };
  transformations?: { id: string }[];
  targets: unknown[];
}

interface Dashboard {
  title: string;
  uid: string;
  refresh: string;
  panels: Panel[];
  templating: { list: { name: string }[] };
  timepicker: { refresh_intervals: string[] };
  links: { url?: string }[];
}

const root = join(__dirname, '../dashboards');
const all: [string, Dashboard][] = ['en', 'zh'].flatMap((lang) =>
  readdirSync(join(root, lang)).map((f): [string, Dashboard] => [`${lang}/${f}`, JSON.parse(readFileSync(join(root, lang, f), 'utf8')) as Dashboard])
);

/** Every value of a key, however deep. */
function valuesOf(key: string, within: unknown): unknown[] {
  if (within === null || typeof within !== 'object') {
    return [];
  }
  return Object.entries(within).flatMap(([k, v]) => [...(k === key ? [v] : []), ...valuesOf(key, v)]);
}

const units = new Set(getValueFormats().flatMap((category) => category.submenu.map((f) => f.value)));
const known = (of: Record<string, string>) => new Set<unknown>(Object.values(of));

test('there are twelve, and units are known', () => {
  expect(all).toHaveLength(12);
  expect(units.has('eps') && units.has('ns') && !units.has('no such unit')).toBe(true);
});

describe.each(all)('%s', (_, dashboard) => {
  test('its units are those of Grafana', () => {
    const overrides = dashboard.panels.flatMap((p) => p.fieldConfig.overrides.flatMap((o) => o.properties.filter((x) => x.id === 'unit').map((x) => x.value)));
    const used = [...valuesOf('unit', dashboard.panels), ...overrides].filter((u) => u !== '');
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((u) => !units.has(String(u)))).toEqual([]);
  });

  test('its transformations, calculations and colours are those of Grafana', () => {
    const transformations = dashboard.panels.flatMap((p) => p.transformations ?? []).map((t) => t.id);
    expect(transformations.filter((id) => !known(DataTransformerID).has(id))).toEqual([]);
    // Calculations of queries are ours.
    const calcs = valuesOf('calcs', dashboard.panels.map((p) => [p.options, p.transformations])).flat();
    expect(calcs.filter((c) => !known(ReducerID).has(c))).toEqual([]);
    const modes = [...valuesOf('color', dashboard.panels)].filter((c): c is { mode: string } => typeof c === 'object' && c !== null && 'mode' in c).map((c) => c.mode);
    // A single series' shades, which FieldColorModeId has no name for in all versions.
    expect(modes.filter((m) => !known(FieldColorModeId).has(m) && m !== 'shades')).toEqual([]);
  });

  test('its variables are those that it has', () => {
    const names = new Set(dashboard.templating.list.map((v) => v.name));
    const text = JSON.stringify([dashboard.panels, dashboard.templating, dashboard.links]);
    const used = [...text.matchAll(/\$\{?([A-Za-z]\w*)/g)].map((m) => m[1] ?? '');
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((name) => !names.has(name))).toEqual([]);
  });

  test('it can be refreshed as it says', () => {
    expect(dashboard.timepicker.refresh_intervals).toContain(dashboard.refresh);
    if (dashboard.uid.includes('security-overview')) {
      expect(dashboard.refresh).toBe('5s');
      expect(dashboard.links.some((l) => l.url?.includes('kiosk'))).toBe(true);
    }
  });
});
