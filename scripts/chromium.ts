import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

/** A browser, or the reason why there is none. */
export type Launched = { readonly browser: Browser } | { readonly missing: string };

/**
 * Starts the first Chromium that runs: `CHROMIUM_PATH`, one on the path, the one inside `@sparticuz/chromium` (unpacked into the
 * temporary directory). Nothing is downloaded.
 */
export async function launchChromium(): Promise<Launched> {
  const failures: string[] = [];
  for (const [source, find] of sources) {
    try {
      const executablePath = await find();
      if (executablePath === undefined) continue;
      const env = { ...process.env, FONTCONFIG_FILE: fontSettings() };
      return {
        browser: await chromium.launch({
          executablePath,
          env,
          args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', '--font-render-hinting=none'],
        }),
      };
    } catch (error) {
      failures.push(`${source}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return { missing: `No Chromium could be started. ${failures.join('\n') || 'None was found.'}\nSet CHROMIUM_PATH to one.` };
}

const sources: readonly (readonly [string, () => Promise<string | undefined>])[] = [
  ['CHROMIUM_PATH', async () => process.env['CHROMIUM_PATH'] || undefined],
  ['path', async () => ['chromium', 'chromium-browser', 'google-chrome'].map(onPath).find((path) => path !== undefined)],
  ['@sparticuz/chromium', async () => await (await import('@sparticuz/chromium')).default.executablePath()],
];

function onPath(name: string): string | undefined {
  try {
    return execFileSync('which', [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** The fonts of the machine, and those that come with `@sparticuz/chromium` first: pictures look the same on every machine. */
function fontSettings(): string {
  const folder = join(tmpdir(), 'sostenuto-fonts');
  mkdirSync(folder, { recursive: true });
  const alias = (family: string) => `<alias binding="strong"><family>${family}</family><prefer><family>Open Sans</family></prefer></alias>`;
  const settings = `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>/usr/share/fonts</dir><dir>${join(tmpdir(), 'fonts')}</dir><cachedir>${folder}/cache</cachedir>${['system-ui', 'ui-sans-serif', 'sans-serif'].map(alias).join('')}</fontconfig>`;
  const path = join(folder, 'fonts.conf');
  writeFileSync(path, settings);
  return path;
}
