import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cache, installed, packages } from './modules.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'setup-cache-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('what projects share', () => {
  test('lies in the cache of the person, or beside the tools where that cannot be written', () => {
    const isFile = join(folder, 'file');
    writeFileSync(isFile, '');
    expect(cache.cacheFolder({ XDG_CACHE_HOME: folder }, '/tools')).toBe(join(folder, 'sostenuto'));
    expect(cache.cacheFolder({ XDG_CACHE_HOME: isFile }, '/tools')).toBe('/tools/cache');
  });

  test('is one file at two places', async () => {
    const [from, to] = [join(folder, 'library'), join(folder, 'project', 'library')];
    writeFileSync(from, 'bytes');
    await cache.share(from, to);
    await cache.share(from, to);
    expect(readFileSync(to, 'utf8')).toBe('bytes');
    expect(statSync(to).ino).toBe(statSync(from).ino);
    expect(readdirSync(join(folder, 'project'))).toEqual(['library']);
  });
});

describe('as a dependency', () => {
  test('packages are found beside this one and above it; what is nowhere is named', () => {
    const root = join(folder, 'node_modules', 'sostenuto');
    for (const path of ['node_modules/own', '../above', '../own']) mkdirSync(join(root, path), { recursive: true });
    writeFileSync(join(root, 'package.json'), JSON.stringify({ dependencies: { own: '1', above: '1', nowhere: '1' } }));
    expect(installed.installedFolder(root, 'own')).toBe(join(root, 'node_modules', 'own'));
    expect(installed.installedFolder(root, 'above')).toBe(join(folder, 'node_modules', 'above'));
    expect(packages.missingDependencies(root)).toEqual(['nowhere']);
  });
});
