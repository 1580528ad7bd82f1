import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { bundleTasks } from '../../../../engine/fingerprint/bundle.ts';
import { hasFusedKernels, loadFusedKernels } from '../../../../models/backend/fused/load.ts';
import { kernelsPath, processorDigest, SOURCES_DIGEST } from '../../../../models/backend/fused/place.mjs';
import { environmentOf, loadBackend } from '../../../../models/backend/index.ts';
import { kernels } from '../../../setup/modules.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
let tools: string;
beforeEach(() => {
  tools = mkdtempSync(join(tmpdir(), 'fused-load-'));
  mkdirSync(join(tools, 'kernels'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(tools, { recursive: true });
});

describe('fused kernels', () => {
  test('are named by their sources and the processor that they were compiled for', () => {
    expect(kernelsPath('/tools', 'abc')).toBe(`/tools/kernels/fused-abc-${processorDigest()}.node`);
    expect(processorDigest()).toMatch(/^[0-9a-f]{16}$/);
  });

  test('SOURCES_DIGEST is that of the C++ (else: node scripts/kernel-sources.mjs)', () => {
    expect(SOURCES_DIGEST).toBe(kernels.sourcesDigest(root));
  });

  test('count as code: whoever asks for them has their digest in its fingerprint', async () => {
    const url = pathToFileURL(join(root, 'models/backend/fused/load.ts')).href;
    const { tasks } = await bundleTasks({ asks: { url, export: 'hasFusedKernels', inline: false } }, root);
    expect(tasks.get('asks')?.text).toContain(SOURCES_DIGEST);
  });

  test('are absent where nothing was compiled, or only for another processor', () => {
    writeFileSync(join(tools, 'kernels', `fused-${SOURCES_DIGEST}-${'0'.repeat(16)}.node`), 'code of another machine');
    expect(loadFusedKernels(tools)).toBe(false);
    expect(hasFusedKernels()).toBe(false);
  });

  test('that do not load are left out without a word', () => {
    const said = vi.spyOn(console, 'error');
    writeFileSync(kernelsPath(tools), 'no library');
    expect(loadFusedKernels(tools)).toBe(false);
    expect(said).not.toHaveBeenCalled();
  });

  test('are used if the set-up made them, and a checkpoint says so', async () => {
    const backend = await loadBackend();
    const isWanted = process.env['SOSTENUTO_KERNELS'] !== 'plain';
    const isThere = backend.name === 'tensorflow' && isWanted && existsSync(kernelsPath(join(root, '.sostenuto')));
    expect(hasFusedKernels()).toBe(isThere);
    expect(environmentOf(backend)['kernels']).toBe(backend.name === 'tensorflow' ? (isThere ? 'fused' : 'plain') : undefined);
  });
});
