// Operates the plugin's editors in Chromium as a person would: with the mouse where there is something to point at, else
// with the keyboard. Each step says what must be seen after it. Pictures of the places go to PICTURES.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const { PAGE, CHROMIUM, PICTURES, HOST, TOKEN, FROM, TO } = process.env;

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, locale: 'en-US' });
context.setDefaultTimeout(30_000);
mkdirSync(PICTURES, { recursive: true });

/** Where the page asks for what a query finds. */
const QUERIES = /\/api\/ds\/query/;

/** What went wrong in the page itself. */
const problems = [];

async function open(view, more = '', to = TO) {
  const page = await context.newPage();
  page.on('pageerror', (e) => problems.push(`${view}: ${e.stack ?? e.message}`));
  await page.goto(`${PAGE}/?view=${view}&from=${FROM}&to=${to}${more}`);
  return page;
}

async function picture(page, name) {
  await page.screenshot({ path: join(PICTURES, `${name}.png`) });
}

/** The query as Grafana would store it. */
const stored = async (page) => JSON.parse(await page.getByTestId('query').textContent());

/** Waits until what f returns makes no error. */
async function eventually(f) {
  for (let deadline = Date.now() + 30_000; ; ) {
    try {
      return await f();
    } catch (e) {
      if (Date.now() > deadline) {
        throw e;
      }
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}

/** Chooses from one of Grafana's comboboxes. */
async function choose(page, label, typed, option = typed) {
  const box = page.getByRole('combobox', { name: label, exact: true });
  await box.click();
  await box.fill(typed);
  await page.getByRole('option', { name: option }).first().click();
}

const steps = {
  async 'an admin sets the datasource up'() {
    const page = await open('config');
    await page.getByPlaceholder('http://127.0.0.1:8080').fill(HOST);
    await page.getByPlaceholder('Paste the token').fill('not-the-token');
    await page.getByRole('button', { name: 'Save & test' }).click();
    await page.getByRole('alert').filter({ hasText: /token/i }).waitFor();
    await page.getByRole('button', { name: 'Reset' }).click();
    await page.getByPlaceholder('Paste the token').fill(TOKEN);
    await page.getByRole('button', { name: 'Save & test' }).click();
    await page.getByRole('status').filter({ hasText: /Logcenter/ }).or(page.getByText(/^Connected|version/i)).first().waitFor();
    assert.equal(await page.content().then((html) => html.includes(TOKEN)), false, 'the token is in the page');
    await picture(page, 'config');
    await page.getByRole('switch', { name: /^Own certificate authority/ }).check({ force: true });
    await page.getByPlaceholder('-----BEGIN CERTIFICATE-----').waitFor();
    await page.getByRole('radio', { name: 'User and password' }).check({ force: true });
    await page.getByRole('textbox', { name: /^User/ }).fill('grafana');
    await page.close();
  },

  async 'an analyst types a query with suggestions, by keyboard alone'() {
    const page = await open('explore');
    const field = page.getByRole('textbox', { name: 'Query' });
    await field.focus();
    await page.keyboard.type('observer.ty');
    await page.getByRole('option', { name: /observer\.type/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('option', { name: /firewall/ }).waitFor();
    await picture(page, 'completion');
    await page.keyboard.type('fire');
    await eventually(async () => assert.match(await page.getByRole('option').first().textContent(), /firewall/));
    await page.keyboard.press('Tab');
    assert.match(await field.inputValue(), /^observer\.type:"?firewall"?\s?$/);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Shift+Enter');
    await page.getByTestId('answer').locator('tbody tr').nth(5).waitFor();
    assert.match((await stored(page)).query, /^observer\.type:"?firewall"?\s?$/);
    await picture(page, 'logs');
    await page.close();
  },

  async 'a mistake is shown where it is'() {
    const page = await open('explore');
    const field = page.getByRole('textbox', { name: 'Query' });
    await field.fill('log.level:Error AND AND x');
    const said = page.getByText(/AND follows AND/);
    await said.waitFor();
    await page.getByRole('listbox').waitFor();
    const covered = async () => (await page.getByRole('listbox').boundingBox()).y < (await said.boundingBox()).y + (await said.boundingBox()).height;
    await eventually(async () => assert.equal(await covered(), false, 'suggestions must not cover what is wrong'));
    assert.equal(await field.getAttribute('aria-invalid'), 'true');
    await picture(page, 'mistake');
    const top = async () => (await page.getByRole('listbox').boundingBox()).y;
    const before = await top();
    await page.evaluate(() => { document.body.style.paddingTop = '100px'; });
    await eventually(async () => assert.equal(await top(), before + 100, 'suggestions stay with their text'));
    await field.fill('log.level:${level:raw} AND host.name:$host');
    await eventually(async () => assert.equal(await field.getAttribute('aria-invalid'), 'false'));
    await page.keyboard.press('Shift+Enter');
    await page.close();
  },

  async 'the builder shows what was typed, and writes text'() {
    const page = await open('explore');
    const field = page.getByRole('textbox', { name: 'Query' });
    await field.fill('observer.type:firewall AND (log.level:Error OR NOT host.name:${host}) AND source.port:>1024');
    await page.getByRole('radio', { name: 'Builder' }).check({ force: true });
    await page.getByRole('group', { name: 'Condition 3' }).waitFor();
    await page.getByText('log.level:Error OR NOT host.name:${host}', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Add condition' }).click();
    await choose(page, 'Field of condition 4', 'log.lev', /log\.level/);
    await choose(page, 'Value of condition 4', 'Err', /Error/);
    await eventually(async () => assert.match(await page.getByTestId('builder-text').textContent(), /log\.level:"?Error"?$/));
    await choose(page, 'Operator of condition 4', 'is not', /^is not$/);
    await eventually(async () => assert.match((await stored(page)).query, /AND NOT log\.level:"?Error"?$/));
    await page.getByTestId('answer').getByText('info', { exact: true }).first().waitFor();
    await picture(page, 'builder');
    await page.getByRole('button', { name: 'Remove condition 1' }).click();
    await eventually(async () => assert.match((await stored(page)).query, /^\(log\.level:Error OR NOT host\.name:\$\{host\}\) AND source\.port:>1024 AND NOT log\.level:"?Error"?$/));
    await page.getByRole('radio', { name: 'Code' }).check({ force: true });
    assert.equal(await field.inputValue(), (await stored(page)).query);
    await page.close();
  },

  async 'a list of values is chosen by its name'() {
    const page = await open('explore');
    const field = page.getByRole('textbox', { name: 'Query' });
    await field.focus();
    await page.keyboard.type('source.ip:li');
    await page.getByRole('option', { name: /list\( \)/ }).waitFor();
    await page.keyboard.press('Tab');
    await page.getByRole('option', { name: /seen-before/ }).waitFor();
    await page.keyboard.type('se');
    await eventually(async () => assert.match(await page.getByRole('option').first().textContent(), /seen-before/));
    await page.keyboard.press('Tab');
    await eventually(async () => assert.equal((await field.inputValue()).trim(), 'source.ip:list(seen-before)'));
    await page.keyboard.press('Escape');
    await page.getByRole('radio', { name: 'Builder' }).check({ force: true });
    await choose(page, 'Operator of condition 1', 'is not in list', /^is not in list$/);
    await eventually(async () => assert.equal((await stored(page)).query, 'NOT source.ip:list(seen-before)'));
    await choose(page, 'Operator of condition 1', 'is in list', /^is in list$/);
    await choose(page, 'List of condition 1', 'other', /^other/);
    await eventually(async () => assert.equal((await stored(page)).query, 'source.ip:list(other)'));
    await page.close();
  },

  async 'a chart is made of choices'() {
    const page = await open('explore');
    await choose(page, 'Show', 'Metrics', /^Metrics/);
    await choose(page, 'Chart', 'Top', /Top values/);
    await choose(page, 'Field', 'source.ip', /^source\.ip/);
    await page.getByTestId('answer').locator('tbody tr').nth(4).waitFor();
    await eventually(async () => assert.equal((await stored(page)).chart.field, 'source.ip'));
    await picture(page, 'chart');
    await choose(page, 'Chart', 'Numeric ranges', /Numeric ranges/);
    await choose(page, 'Field', 'http.response.status_code', /http\.response\.status_code/);
    await page.getByLabel('Upper end of range 1').fill('400');
    await page.getByLabel('Lower end of range 2').fill('400');
    await page.getByLabel('Name of range 2').fill('failed');
    await page.keyboard.press('Enter');
    await page.getByTestId('answer').getByText('failed').first().waitFor();
    assert.deepEqual((await stored(page)).chart.ranges, [{ to: 400 }, { from: 400, name: 'failed' }]);
    await page.close();
  },

  async 'what is typed stays when an answer comes'() {
    const page = await open('explore');
    await choose(page, 'Show', 'Metrics', /^Metrics/);
    await choose(page, 'Chart', 'Top', /Top values/);
    await choose(page, 'Field', 'source.ip', /^source\.ip/);
    for (const [label, typed, option] of [['Field', 'destination.i', /^destination\.ip/], ['Show', 'Tab', /^Table/]]) {
      let release;
      const held = new Promise((done) => { release = done; });
      await page.route(QUERIES, async (route) => {
        await held;
        await route.continue();
      });
      const asked = page.waitForRequest(QUERIES);
      const answered = page.waitForResponse(QUERIES);
      await page.getByRole('button', { name: 'Run query' }).click();
      await asked;
      const box = page.getByRole('combobox', { name: label, exact: true });
      await box.click();
      await box.fill(typed);
      release();
      await answered;
      await page.getByTestId('answer').locator('tbody tr').first().waitFor();
      await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
      assert.equal(await box.inputValue(), typed);
      await page.getByRole('option', { name: option }).first().click();
      await page.unroute(QUERIES);
    }
    await eventually(async () => assert.deepEqual([(await stored(page)).chart.field, (await stored(page)).kind], ['destination.ip', 'table']));
    await page.close();
  },

  async 'alerts, and what may be asked of them'() {
    const page = await open('explore', '', Date.now() + 60_000); // they were raised after the lines
    await choose(page, 'Show', 'Alerts', /^Alerts/);
    await page.getByTestId('answer').locator('tbody tr').first().waitFor();
    await choose(page, 'Severity', 'Fatal', /Fatal/);
    await eventually(async () => assert.deepEqual((await stored(page)).alerts, { severities: ['Fatal'] }));
    await page.keyboard.press('Escape');
    await picture(page, 'alerts');
    await page.close();
  },

  async 'a variable lists the values of a field'() {
    const page = await open('variable');
    await choose(page, 'Field', 'observer.type', /^observer\.type/);
    await page.getByRole('button', { name: 'Preview of values' }).click();
    await page.getByTestId('values').getByText('firewall', { exact: true }).waitFor();
    await picture(page, 'variable');
    await choose(page, 'List', 'Streams', /Streams/);
    await page.close();
  },

  async 'annotations are of alerts unless somebody chooses lines'() {
    const page = await open('annotation');
    await choose(page, 'Severity', 'Error', /Error/);
    await page.keyboard.press('Escape');
    await choose(page, 'Show', 'Logs', /^Logs/);
    await page.getByRole('textbox', { name: 'Query' }).waitFor();
    await page.close();
  },

  async 'lines appear as they happen'() {
    const page = await open('explore');
    await page.getByRole('textbox', { name: 'Query' }).fill('tailmarker');
    await page.getByRole('button', { name: 'Live' }).click();
    // The stream is open once the host says so; lines before that are not missed, but searched for only after a break.
    await eventually(async () => {
      const response = await page.request.post(`${PAGE}/feed`, { data: `<13>${new Date().toISOString()} box app: tailmarker\n` });
      assert.equal(response.ok(), true);
      assert.ok((await page.getByTestId('answer').getByText('tailmarker').count()) > 0);
    });
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.close();
  },

  async 'nothing is cut off on a narrow screen, in both languages and themes'() {
    const cut = {};
    const all = process.env.LOGCENTER_LONG ? ['config', 'explore', 'variable', 'annotation'] : undefined;
    for (const [lang, theme, views] of [['en-US', 'light', all ?? ['explore']], ['zh-Hans', 'dark', all ?? ['config']]]) {
      for (const view of views) {
        const page = await open(view, `&lang=${lang}&theme=${theme}`);
        await page.setViewportSize({ width: 480, height: 900 });
        if (view === 'explore') {
          await page.getByRole('textbox', { name: /Query|查询/ }).fill('observer.type:firewall AND (log.level:Error OR NOT host.name:fw-core-01) AND source.ip:list(other)');
          await page.keyboard.press('Escape');
          await page.getByRole('radio', { name: /Builder|构建器/ }).check({ force: true });
          await page.getByRole('group', { name: /3$/ }).waitFor();
        }
        await page.locator('input, textarea').first().waitFor();
        const beyond = await page.evaluate(() =>
          [...document.querySelectorAll('input, button, textarea, label, code, [role=radiogroup]')]
            .filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('[data-testid=answer], table'))
            .map((e) => e.outerHTML.slice(0, 120))
        );
        await picture(page, `narrow-${view}-${lang}`);
        if (beyond.length > 0) {
          cut[`${view} ${lang}`] = beyond;
        }
        await page.close();
      }
    }
    assert.deepEqual(cut, {});
  },

  async 'all of it in Chinese'() {
    const page = await open('explore', '&lang=zh-Hans');
    await page.getByRole('radio', { name: '构建器' }).check({ force: true });
    await page.getByRole('button', { name: '添加条件' }).click();
    await choose(page, '条件 1 的字段', 'observer.type', /observer\.type/);
    await choose(page, '条件 1 的值', 'ips', /^ips/);
    await page.getByTestId('answer').locator('tbody tr').first().waitFor();
    await picture(page, 'chinese');
    await page.close();
    const config = await open('config', '&lang=zh-Hans&theme=light');
    await config.getByText('API 令牌').first().waitFor();
    await picture(config, 'config-chinese');
    await config.close();
  },
};

let failed = 0;
const only = process.env.ONLY;
for (const [name, step] of Object.entries(steps)) {
  if (only && !name.includes(only)) {
    continue;
  }
  const begin = Date.now();
  try {
    await step();
    assert.deepEqual(problems.splice(0), []);
    console.log(`ok   ${name} (${Date.now() - begin} ms)`);
  } catch (e) {
    failed++;
    console.log(`FAIL ${name}\n${e.stack}`);
    for (const [i, page] of context.pages().entries()) {
      await page.screenshot({ path: join(PICTURES, `failed-${failed}-${i}.png`) });
      await page.close();
    }
    problems.splice(0).forEach((p) => console.log(p));
  }
}
await browser.close();
process.exit(failed > 0 ? 1 : 0);
