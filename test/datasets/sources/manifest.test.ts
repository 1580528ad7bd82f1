import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readManifest } from '../../../datasets/sources/manifest.ts';

let directory = '';
beforeAll(async () => {
  const base = await mkdtemp(join(tmpdir(), 'sostenuto-manifest-'));
  directory = join(base, 'set');
  await mkdir(join(directory, 'deep'), { recursive: true });
  for (const name of ['a.wav', 'b.wav', 'deep/c.mp4', '../outside.wav']) await writeFile(join(directory, name), 'x');
  await symlink('../outside.wav', join(directory, 'escape.wav'));
  await symlink('a.wav', join(directory, 'alias.wav'));
});
afterAll(() => rm(join(directory, '..'), { recursive: true }));

const row = { id: 'a', split: 'train', caption: 'a bell', media: 'a.wav' };
async function read(name: string, content: string | Uint8Array) {
  await writeFile(join(directory, name), content);
  return readManifest(join(directory, name));
}
const lines = (...rows: unknown[]) => rows.map((value) => JSON.stringify(value)).join('\n');

describe('a sound manifest', () => {
  it.each([
    ['m.jsonl', `${lines(row, { ...row, id: 'c', media: 'deep/c.mp4', seconds: 2 })}\n\n`],
    ['m.json', JSON.stringify([row, { ...row, id: 'c', media: 'deep/c.mp4', seconds: 2 }])],
    ['m.csv', 'id,split,caption,media,seconds\r\na,train,a bell,a.wav,\r\nc,train,a bell,deep/c.mp4,2\r\n'],
  ])('is the same as %s', async (name, content) => {
    const { rows, problems } = await read(name, content);
    expect(problems).toEqual([]);
    expect(rows.map(({ row: _, ...clip }) => clip)).toEqual([row, { ...row, id: 'c', media: 'deep/c.mp4', seconds: 2 }]);
  });

  it('may begin with a byte order mark and hold quoted commas, quotes and line ends', async () => {
    const { rows } = await read(
      'quoted.csv',
      '\ufeffid,split,caption,media\na,train,"rain, ""heavy""\nand wind – Glöckchen",a.wav\nb,test,,b.wav',
    );
    expect(rows.map((clip) => clip.caption)).toEqual(['rain, "heavy"\nand wind – Glöckchen', '']);
    expect(rows.map((clip) => clip.row)).toEqual([2, 4]);
  });

  it('may use links that stay inside', async () => {
    expect((await read('link.jsonl', lines({ ...row, media: 'alias.wav' }))).problems).toEqual([]);
  });

  it('finds files where it is told to', async () => {
    const manifest = join(directory, 'm.jsonl');
    const { rows } = await readManifest(manifest, { locate: (path) => (path === 'a.wav' ? '/store/1' : undefined) });
    expect(rows.map(({ id }) => id)).toEqual(['a']);
  });

  it('may have ids that begin like an option, as those of YouTube do', async () => {
    expect((await read('dash.jsonl', lines({ ...row, id: '--x', youtube: '--x', start: 0 }))).rows.map(({ id }) => id)).toEqual(['--x']);
  });

  it('may be longer than what is read at once, wherever a piece ends', async () => {
    const many = Array.from({ length: 20_000 }, (_, index) => ({
      ...row,
      id: `clip-${index}`,
      caption: `“${'é,\n"'.repeat(index % 40)}”`,
    }));
    const table = ['id,split,caption,media', ...many.map(({ id, caption }) => `${id},train,"${caption.replaceAll('"', '""')}",a.wav`)];
    const locate = () => 'there';
    for (const [name, text] of [
      ['long.jsonl', lines(...many)],
      ['long.json', JSON.stringify({ note: '[', data: many }, undefined, 1)],
      ['long.csv', table.join('\n')],
    ] as const) {
      await writeFile(join(directory, name), text);
      const { rows, problems } = await readManifest(join(directory, name), { locate });
      expect(problems).toEqual([]);
      expect(rows.map(({ row: _, ...clip }) => clip)).toEqual(many);
    }
  });
});

describe('rows with a problem are listed and left out, the others kept', () => {
  it.each([
    ['a missing field', { split: 'train', caption: '', media: 'a.wav' }, 'MANIFEST_ROW', /"id" is wrong/],
    ['an unknown field', { ...row, id: 'x', colour: 'red' }, 'MANIFEST_COLUMNS', /colour/],
    ['a wrong split', { ...row, id: 'x', split: 'dev' }, 'MANIFEST_ROW', /"dev"","expected":"one of "train"\|"validation"\|"test""/],
    ['a number for a text', { ...row, id: 'x', caption: 7 }, 'MANIFEST_ROW', /"caption" is wrong.*"found":"7","expected":"string"/],
    ['an id that is a path', { ...row, id: '../x' }, 'MANIFEST_ROW', /"id" is wrong/],
    ['an id twice', row, 'MANIFEST_DUPLICATE', /also in row 1/],
    ['a file that is not there', { ...row, id: 'x', media: 'z.wav' }, 'MANIFEST_PATH', /no such file/],
    ['a folder', { ...row, id: 'x', media: 'deep' }, 'MANIFEST_PATH', /not a regular file/],
    ['the root itself', { ...row, id: 'x', media: '.' }, 'MANIFEST_PATH', /leaves the root/],
    ['a way out', { ...row, id: 'x', media: '../outside.wav' }, 'MANIFEST_PATH', /leaves the root/],
    ['a hidden way out', { ...row, id: 'x', media: 'deep/../../outside.wav' }, 'MANIFEST_PATH', /leaves the root/],
    ['a link that leads out', { ...row, id: 'x', media: 'escape.wav' }, 'MANIFEST_PATH', /symbolic link leads out/],
    ['an absolute path', { ...row, id: 'x', media: '/etc/passwd' }, 'MANIFEST_PATH', /not relative/],
    ['an address', { ...row, id: 'x', media: 'http://example.org/a.wav' }, 'MANIFEST_PATH', /not relative/],
    ['a zero byte', { ...row, id: 'x', media: 'a.wav\0.png' }, 'MANIFEST_PATH', /zero byte/],
    ['a bad second path', { ...row, id: 'x', midi: '../m.mid' }, 'MANIFEST_PATH', /midi: \.\.\/m\.mid/],
    ['a bad view', { ...row, id: 'x', views: { top: 'gone.mp4' } }, 'MANIFEST_PATH', /views\.top: gone\.mp4/],
    ['a list', [1, 2], 'MANIFEST_ROW', /not a clip/],
  ])('%s', async (_, wrong, code, message) => {
    const { rows, problems } = await read('bad.jsonl', lines(row, wrong, { ...row, id: 'b', media: 'b.wav' }));
    expect(rows.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(problems.map((problem) => problem.code)).toContain(code);
    expect(problems.map((problem) => JSON.stringify(problem).replaceAll('\\"', '"')).join()).toMatch(message);
    expect(problems[0]?.where).toBe(`${join(directory, 'bad.jsonl')}:2`);
  });

  it('a line that is not JSON', async () => {
    const { rows, problems } = await read('torn.jsonl', `${lines(row)}\n{"id": "b", "sp\n`);
    expect(rows).toHaveLength(1);
    expect(problems).toMatchObject([{ code: 'MANIFEST_ROW', where: expect.stringMatching(/torn\.jsonl:2$/) }]);
  });

  it('a table line of another width, and a quote that never ends', async () => {
    const { rows, problems } = await read(
      'width.csv',
      'id,split,caption,media\na,train,x,a.wav\nb,train,one, two,b.wav\nb,train,"x,b.wav\n',
    );
    expect(rows).toHaveLength(1);
    expect(problems.map(({ where, found }) => `${where?.split(':').at(-1)} ${found}`)).toEqual(['3 5 fields', '4 undefined']);
  });

  it('all of them at once', async () => {
    const { problems } = await read('many.jsonl', lines({ ...row, split: 'dev', media: 3 }, { ...row, id: 'x', media: 'z.wav' }));
    expect(problems).toHaveLength(3);
  });
});

describe('what cannot be taken apart is refused', () => {
  it.each([
    ['utf16.jsonl', Buffer.from(`\ufeff${lines(row)}`, 'utf16le'), 'MANIFEST_ENCODING', /iconv -f UTF-16/],
    ['latin.csv', Buffer.from('id,split,caption,media\na,train,Gl\xf6ckchen,a.wav\n', 'latin1'), 'MANIFEST_ENCODING', /latin\.csv:2/],
    ['empty.jsonl', '', 'MANIFEST_EMPTY', /no rows/],
    ['header.csv', 'id,split,caption,media\n', 'MANIFEST_EMPTY', /no rows/],
    ['empty.json', '[]', 'MANIFEST_EMPTY', /no rows/],
    ['object.json', '{"data": {"id": "a"}}', 'MANIFEST_FORMAT', /not a list/],
    ['nothing.json', '{"data": []}', 'MANIFEST_EMPTY', /no rows/],
    ['endless.jsonl', 'x'.repeat(2 ** 22 + 1), 'MANIFEST_FORMAT', /does not end/],
    ['endless.csv', `id,split,caption,media\na,train,"${'x'.repeat(2 ** 22)}`, 'MANIFEST_FORMAT', /endless\.csv:2/],
    ['unmarked.jsonl', Buffer.from(lines(row), 'utf16le'), 'MANIFEST_ENCODING', /zero bytes/],
    ['pointer.json', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n', 'MANIFEST_FORMAT', /git lfs pull/],
    ['torn.json', '[{"id":', 'MANIFEST_FORMAT', /not JSON/],
    ['m.xlsx', 'x', 'MANIFEST_FORMAT', /\.jsonl, \.json or \.csv/],
    ['headless.csv', 'a,train,a bell,a.wav\n', 'MANIFEST_COLUMNS', /without id, split, caption, media/],
    ['columns.csv', 'id,split,text,media\na,train,x,a.wav\n', 'MANIFEST_COLUMNS', /without caption; with unknown text/],
  ])('%s', async (name, content, code, message) => {
    const reading = read(name, content);
    await expect(reading).rejects.toMatchObject({ code });
    await expect(reading).rejects.toThrowError(message);
  });
  it('a manifest that is not there', () => expect(readManifest(join(directory, 'absent.jsonl'))).rejects.toThrowError(/cannot be opened/));
});
