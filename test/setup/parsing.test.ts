import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { address, packages, versions } from './modules.ts';

describe('versions', () => {
  it('are compared part by part', () => {
    expect(versions.isAtLeast('v20.11.0', '20.11')).toBe(true);
    expect(versions.isAtLeast('v20.9.9', '20.11')).toBe(false);
    expect(versions.isAtLeast('22.0.0', '20.11')).toBe(true);
    expect(versions.isAtLeast('nonsense', '20.11')).toBe(false);
  });

  it('of ffmpeg builds from git are told by their library', () => {
    const git =
      'ffmpeg version N-47683-g0e8eb07980-static https://example.org\nlibavutil      56. 24.101 / 56. 24.101\nlibavcodec     58. 42.100 / 58. 42.100\n';
    expect(versions.parseFfmpegVersion(git)).toEqual({ version: 'N-47683-g0e8eb07980-static', libavcodec: '58.42.100' });
    expect(versions.isAtLeast('58.42.100', '58')).toBe(true);
    expect(() => versions.parseFfmpegVersion('command not found')).toThrow('not the output of ffmpeg');
  });

  it('of Temporal are told by its server, because a built tool does not know its own', () => {
    const text = 'temporal version 0.0.0-DEV (Server 1.29.1, UI 2.42.1)\n';
    expect(versions.parseTemporalVersion(text)).toEqual({ cli: '0.0.0-DEV', server: '1.29.1', ui: '2.42.1' });
    expect(() => versions.parseTemporalVersion('temporal: temporary files 1.0')).toThrow('not the output of temporal');
  });
});

describe('the lock file and what is installed', () => {
  const lock = {
    packages: {
      '': {},
      'node_modules/zod': { version: '4.0.0', integrity: 'a' },
      'node_modules/other-platform': { version: '1.0.0', optional: true },
    },
  };
  it('agree, when only a package of another platform is absent', () => {
    expect(packages.differences(lock, { packages: { 'node_modules/zod': { version: '4.0.0', integrity: 'a' } } })).toEqual([]);
  });
  it.each([
    ['absent', {}],
    ['of another version', { 'node_modules/zod': { version: '4.0.1', integrity: 'a' } }],
    ['of other content', { 'node_modules/zod': { version: '4.0.0', integrity: 'b' } }],
  ])('differ, when a package is %s', (_, installed) => {
    expect(packages.differences(lock, { packages: installed })).toEqual(['node_modules/zod']);
  });
});

describe("the server's address", () => {
  const toml =
    '[profile.other]\naddress = "other:7233"\n# comment\n[profile.default]\nnamespace = "music"\naddress = "cloud:7233"\n[profile.default.tls]\n';
  it('is read from the right profile', () => {
    expect(address.addressInToml(toml, 'default')).toBe('cloud:7233');
    expect(address.addressInToml(toml, 'other')).toBe('other:7233');
    expect(address.addressInToml(toml, 'third')).toBeUndefined();
  });
  it('is taken from the environment first', () => {
    expect(address.givenAddress({ TEMPORAL_ADDRESS: 'here:1', HOME: '/nowhere' })).toEqual({
      address: 'here:1',
      source: 'TEMPORAL_ADDRESS',
    });
    expect(address.givenAddress({ HOME: '/nowhere' })).toBeUndefined();
  });
  it('answers only if Temporal does: another server on the port is none', async () => {
    const other = createServer((_, response) => response.end('hello'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const at = other.address();
    const where = `127.0.0.1:${typeof at === 'object' ? at?.port : 0}`;
    expect(await address.listens(where)).toBe(true);
    expect(await address.servesTemporal(where, 500)).toBe(false);
    other.closeAllConnections();
    await new Promise((resolve) => other.close(resolve));
    expect(await address.listens(where)).toBe(false);
  });
});
