import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { temporaryFolder } from './folders.ts';

/** A small project on disk whose modules a test writes and edits. */
export interface TestProject {
  readonly root: string;
  write(name: string, text: string): void;
  code(name: string, exported: string, inline?: boolean): { url: string; export: string; inline: boolean };
}

let clock = Date.UTC(2026, 0, 1);

export function testProject(files: Readonly<Record<string, string>> = {}, root = temporaryFolder()): TestProject {
  const project: TestProject = {
    root,
    write(name, text) {
      const path = join(root, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      // Edits lie apart in time, as a person's do.
      clock += 1000;
      utimesSync(path, clock / 1000, clock / 1000);
    },
    code: (name, exported, inline = false) => ({ url: pathToFileURL(join(root, name)).href, export: exported, inline }),
  };
  for (const [name, text] of Object.entries(files)) project.write(name, text);
  return project;
}
