import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { exitCodeOf, exitCodes } from './exit-code.ts';
import { errorJson, errorText, printJson, say } from './output.ts';
import { type VerbEntry, verbs } from './verbs.ts';

const examples = `
Examples:
  sostenuto start                                          everything, with the demo
  sostenuto run video-to-audio --preset tiny --json        one run, for a script
  sostenuto run video-to-audio --set textToAudio.steps=900 one setting changed: only what reads it runs again
  sostenuto explain video-to-audio text-to-audio           why a node would run again

Exit codes: 0 done, 1 failed, 2 bad usage, 3 bad settings, configuration or data, 4 waiting for a person,
5 no server or worker, 130 interrupted. Data goes to stdout, talk to stderr. --json prints one object last.
Environment: SOSTENUTO_HOME (where all data lies), TEMPORAL_ADDRESS, NO_COLOR.`;

/** The whole command line. Sets the exit status and ends the process: nothing that is still open may keep a script waiting. */
export async function main(words: readonly string[]): Promise<void> {
  // Whoever reads may have seen enough, as in `sostenuto --help | head -1`.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit();
    });
  }
  const status = await execute(words);
  await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))));
  process.exit(status);
}

/** Does what the words say. Returns the exit status. */
export async function execute(words: readonly string[]): Promise<number> {
  try {
    process.exitCode = exitCodes.done;
    const program = await declareProgram(words);
    await program.parseAsync([...words], { from: 'user' });
    return Number(process.exitCode);
  } catch (error) {
    // Commander has printed its own words already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    if (words.includes('--json')) printJson(errorJson(error));
    say(errorText(error, words.includes('--verbose')));
    return exitCodeOf(error);
  }
}

/** All verbs by name; only the one that is asked for with its options. */
export async function declareProgram(words: readonly string[]): Promise<Command> {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const program = new Command('sostenuto')
    .description('Durable data-to-model pipelines: typed DAGs, run by Temporal, every result kept by its content.')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .showSuggestionAfterError()
    .showHelpAfterError('(sostenuto --help lists all verbs)')
    .exitOverride()
    .addHelpText('after', examples);
  const asked = words.find((word) => !word.startsWith('-'));
  const wanted = asked === 'help' ? words[words.indexOf('help') + 1] : asked;
  for (const verb of verbs) await declareVerb(program, verb, verb.name === wanted);
  return program;
}

async function declareVerb(program: Command, { name, summary, group, load }: VerbEntry, isWanted: boolean): Promise<void> {
  const command = program.command(name).summary(summary).description(capital(summary)).helpGroup(`${group}:`);
  if (isWanted) (await load()).declare(command);
  // A verb that has verbs of its own leaves the options to them.
  for (const one of command.commands.length > 0 ? command.commands : [command]) {
    one.option('--json', 'print one JSON object last').option('--verbose', 'say where an unforeseen error comes from');
  }
}

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
