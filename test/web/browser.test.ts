import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../../scripts/chromium.ts';
import { writeReport } from '../../web/report/write-report.ts';
import { type ReportServer, serveReports } from '../../web/server/serve-reports.ts';
import { faintTexts, outlineOfPage } from './accessibility.ts';
import { exampleMedia, exampleModel } from './example.ts';

const launched = await launchChromium();
const browser: Browser | undefined = 'browser' in launched ? launched.browser : undefined;
if ('missing' in launched) console.error(`SKIPPED: the report is not tested in a browser. ${launched.missing}`);

let home: string;
let server: ReportServer;
let onDisk: string;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'browser-'));
  mkdirSync(join(home, 'reports'));
  const index = await writeReport(exampleModel, exampleMedia(join(home, 'sources')), join(home, 'reports', 'example'));
  onDisk = pathToFileURL(index).href;
  server = await serveReports({ home });
});
afterAll(async () => {
  await browser?.close();
  await server.close();
  rmSync(home, { recursive: true, force: true });
});

interface Visit {
  readonly page: Page;
  /** Errors in the console and uncaught ones. */
  readonly errors: string[];
  readonly requests: string[];
}

async function visit(address: string, options: { width?: number; dark?: boolean } = {}): Promise<Visit> {
  if (browser === undefined) throw new Error('no browser');
  const page = await browser.newPage({
    viewport: { width: options.width ?? 1280, height: 900 },
    colorScheme: options.dark ? 'dark' : 'light',
  });
  const errors: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(address);
  return { page, errors, requests };
}

const loaded = async (page: Page): Promise<number[]> => {
  await page.waitForFunction(() => [...document.querySelectorAll('audio')].every((audio) => audio.duration > 0));
  return await page.evaluate(() => [...document.querySelectorAll('audio')].map((audio) => audio.duration));
};
const chosen = (page: Page): Promise<string[]> =>
  page.locator('.version.chosen .choose').evaluateAll((buttons) => buttons.map((button) => button.textContent ?? ''));

describe.skipIf(browser === undefined)('the report in Chromium', () => {
  it.each(['disk', 'server'])('opens from %s without errors, and asks nobody else', async (from) => {
    const { page, errors, requests } = await visit(from === 'disk' ? onDisk : `${server.url}example/`);
    expect(await loaded(page)).toEqual([2, 2, 2, 2, 2, 2]);
    await page.evaluate(async () => {
      for (const image of document.images) image.loading = 'eager';
      await Promise.all([...document.images].map((image) => image.decode()));
    });
    expect(errors).toEqual([]);
    const allowed = from === 'disk' ? /^(file:|data:,)/ : /^(http:\/\/127\.0\.0\.1:\d+\/example\/|data:,)/;
    expect(requests.filter((url) => !allowed.test(url))).toEqual([]);
    expect(requests.length).toBeGreaterThan(12);
    await page.close();
  });

  it('shows piano rolls with words for those who cannot see them, and what their colours mean', async () => {
    const { page } = await visit(onDisk);
    const rolls = page.locator('.roll img');
    expect(await rolls.count()).toBe(2);
    for (const image of await rolls.all()) {
      await image.scrollIntoViewIfNeeded();
      expect(await image.evaluate((one: HTMLImageElement) => one.decode().then(() => one.naturalWidth))).toBe(150);
      expect(await image.getAttribute('alt')).toMatch(/^Piano roll, .* notes from /);
    }
    expect(await page.locator('.rolls').textContent()).toBe('played and heardheard onlyplayed only');
    await page.close();
  });

  it('is caught by its own policy when something foreign gets in', async () => {
    const { page, errors } = await visit(onDisk);
    await page.evaluate(() => {
      const image = document.createElement('img');
      image.src = 'https://example.org/spy.png';
      document.body.append(image);
    });
    await expect.poll(() => errors.join()).toContain('Content Security Policy');
    await page.close();
  });

  it('switches versions by key at the same position', async () => {
    const { page, errors } = await visit(onDisk);
    await loaded(page);
    await page.locator('.group').nth(1).focus();
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
    await page.keyboard.press('3');
    expect(await chosen(page)).toEqual(['1original', '3generated']);
    const times = () =>
      page
        .locator('.group')
        .nth(1)
        .locator('audio')
        .evaluateAll((all: HTMLAudioElement[]) => all.map((audio) => audio.currentTime));
    expect(await times()).toEqual([0.75, 0, 0.75]);
    expect(await page.locator('.group').nth(1).locator('.time').textContent()).toBe('0.8 / 2.0 s');
    await page.keyboard.press('9');
    expect(await chosen(page)).toEqual(['1original', '3generated']);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('plays, goes on in the other version, and pauses by key', async () => {
    const { page, errors } = await visit(onDisk);
    await loaded(page);
    const playing = () =>
      page
        .locator('.group')
        .first()
        .locator('audio')
        .evaluateAll((all: HTMLAudioElement[]) => all.map((audio) => !audio.paused));
    await page.locator('.group').first().focus();
    await page.keyboard.press(' ');
    await expect.poll(playing).toEqual([true, false, false]);
    await page.waitForFunction(() => (document.querySelector('audio')?.currentTime ?? 0) > 0.1);
    await page.keyboard.press('2');
    await expect.poll(playing).toEqual([false, true, false]);
    expect(
      await page
        .locator('.group')
        .first()
        .locator('audio')
        .nth(1)
        .evaluate((audio: HTMLAudioElement) => audio.currentTime),
    ).toBeGreaterThan(0.1);
    await page.keyboard.press(' ');
    await expect.poll(playing).toEqual([false, false, false]);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('turns louder versions down, until told not to', async () => {
    const { page } = await visit(onDisk);
    const volumes = () =>
      page
        .locator('.group')
        .first()
        .locator('audio')
        .evaluateAll((all: HTMLAudioElement[]) => all.map((audio) => audio.volume));
    const matched = await volumes();
    expect(Math.max(...matched)).toBe(1);
    expect(Math.min(...matched)).toBeLessThan(1);
    await page.locator('.match').uncheck();
    expect(await volumes()).toEqual([1, 1, 1]);
    await page.close();
  });

  it('can be used by keyboard from the top: skip link, graph, nodes', async () => {
    const { page } = await visit(onDisk);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the content');
    await page.locator('.lying .node').first().focus();
    expect(await page.locator('.lying .edges .lit').count()).toBe(1);
    await page.keyboard.press('Enter');
    await page.waitForURL((address) => address.hash === '#node-sounds');
    await page.close();
  });

  it('shows a curve on a logarithmic axis on demand', async () => {
    const { page } = await visit(onDisk);
    const curve = page.locator('.curve').first();
    expect(await curve.locator('.linear').isVisible()).toBe(true);
    await curve.locator('.log').check();
    expect(await curve.locator('.linear').isVisible()).toBe(false);
    expect(await curve.locator('.logarithmic').isVisible()).toBe(true);
    await curve.locator('.logarithmic').hover();
    expect(await curve.locator('.reading').textContent()).toMatch(/ at step \d+$/);
    await page.close();
  });

  it.each([
    [1280, false],
    [400, false],
    [400, true],
  ])('fits %d pixels (dark: %s) without scrolling sideways', async (width, dark) => {
    const { page } = await visit(onDisk, { width, dark });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    expect(await page.locator('.graph:visible').count()).toBe(1);
    const picture = join(home, `report-${width}-${dark}.png`);
    await page.screenshot({ path: picture, fullPage: true });
    expect(statSync(picture).size).toBeGreaterThan(50_000);
    await page.close();
  });

  it('shows a large graph as large as it is drawn, on every screen, and cuts it into pages for paper', async () => {
    const nodes = Array.from({ length: 40 }, (_, i) => ({
      ...(exampleModel.nodes[0] ?? expect.fail('no node')),
      id: `step-${i}`,
      deps: i === 0 ? [] : [`step-${i - 1}`],
    }));
    const model = { ...exampleModel, nodes };
    const path = pathToFileURL(await writeReport(model, exampleMedia(join(home, 'large-sources')), join(home, 'large'))).href;
    for (const width of [1280, 400]) {
      const { page } = await visit(path, { width });
      expect(await page.locator('.graph:visible').count()).toBe(1);
      const name = page.locator('.node .name').first();
      const height = await name.evaluate((text: SVGTextElement) => text.getBoundingClientRect().height);
      expect(height).toBeGreaterThan(11);
      expect(await page.locator('.graph .page').first().isVisible()).toBe(false);
      await page.emulateMedia({ media: 'print' });
      expect(await page.locator('.graph .page:visible').count()).toBeGreaterThan(1);
      expect(await page.locator('.graph > svg').first().isVisible()).toBe(false);
      await page.close();
    }
  });

  it('prints without its controls', async () => {
    const { page } = await visit(onDisk);
    await page.emulateMedia({ media: 'print' });
    for (const control of ['.top', '.transport', '.keys', '.lying']) expect(await page.locator(control).first().isVisible()).toBe(false);
    expect(await page.locator('.standing').isVisible()).toBe(true);
    expect((await page.pdf({ format: 'A4' })).length).toBeGreaterThan(20_000);
    await page.close();
  });

  it('gives players and tables to readers without scripts', async () => {
    if (browser === undefined) return;
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(onDisk);
    expect(await page.locator('audio').first().isVisible()).toBe(true);
    expect(await page.locator('.play').first().isVisible()).toBe(false);
    await context.close();
  });

  it('has its headings in order, a name for everything that can be used, and text that stands out', async () => {
    for (const dark of [false, true]) {
      const { page } = await visit(onDisk, { dark });
      await page.evaluate(() => {
        for (const details of document.querySelectorAll('details')) details.open = true;
      });
      const found = await page.evaluate(outlineOfPage);
      expect(found).toEqual({ first: 1, jumps: [], nameless: [], twice: [] });
      const faint = await page.evaluate(faintTexts);
      expect(faint).toEqual([]);
      await page.close();
    }
  });

  it('tells where results came from and what the data are, by keyboard', async () => {
    const { page } = await visit(onDisk);
    expect(await page.locator('#data .pairs').textContent()).toContain('33 files: 16 mp4, 16 mid, 1 json');
    const way = page.locator('.lineage details').first();
    await way.locator('summary').focus();
    await page.keyboard.press('Enter');
    expect(await way.locator('li').first().isVisible()).toBe(true);
    await page.close();
  });

  it('lists its reports', async () => {
    const { page, errors } = await visit(server.url);
    await page.getByRole('link', { name: exampleModel.run.headline }).click();
    expect(await page.locator('h1').textContent()).toBe(exampleModel.run.headline);
    expect(errors).toEqual([]);
    await page.close();
  });
});
