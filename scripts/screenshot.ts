/**
 * Pictures of a report: `npx tsx scripts/screenshot.ts <report directory> <out.png> [--width 1280] [--dark] [--section sounds] [--print] [--pdf]`.
 * Without `--section` the whole page; `--print` as it looks on paper; `--pdf` writes a PDF file instead.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { launchChromium } from './chromium.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    width: { type: 'string', default: '1280' },
    dark: { type: 'boolean', default: false },
    section: { type: 'string' },
    pdf: { type: 'boolean', default: false },
    print: { type: 'boolean', default: false },
  },
});
const [report, out] = positionals;

async function takePicture(directory: string, path: string): Promise<void> {
  const launched = await launchChromium();
  if ('missing' in launched) throw new Error(launched.missing);
  try {
    const page = await launched.browser.newPage({
      viewport: { width: Number(values.width), height: 800 },
      deviceScaleFactor: 2,
      colorScheme: values.dark ? 'dark' : 'light',
    });
    // A long page takes its time on a machine that does something else besides.
    page.setDefaultTimeout(300_000);
    await page.goto(pathToFileURL(resolve(directory, 'index.html')).href);
    if (values.print) await page.emulateMedia({ media: 'print' });
    // The bar at the top would cover a part of a long section.
    if (values.section !== undefined)
      await page.locator('.top').evaluate((bar: HTMLElement) => bar.style.setProperty('position', 'static'));
    // Lazy pictures load when they come near.
    await page.evaluate(async () => {
      for (const image of document.images) image.loading = 'eager';
      await Promise.all([...document.images].map((image) => image.decode().catch(() => undefined)));
    });
    if (values.pdf) await page.pdf({ path, format: 'A4', printBackground: true, preferCSSPageSize: true });
    else if (values.section === undefined) await page.screenshot({ path, fullPage: true });
    else await page.locator(`#${values.section}`).screenshot({ path });
  } finally {
    await launched.browser.close();
  }
}

if (report === undefined || out === undefined) {
  console.error(
    'usage: npx tsx scripts/screenshot.ts <report directory> <out.png> [--width 1280] [--dark] [--section <id>] [--print] [--pdf]',
  );
  process.exitCode = 2;
} else {
  takePicture(report, out).catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
