/** The set-up's modules are plain JavaScript, so that they run before anything is installed; here are their types. */
import type {
  Candidate,
  Chosen,
  FfmpegChoice,
  Setup,
  SetupRecord,
  Step,
  StepOutcome,
  TemporalChoice,
  TensorflowChoice,
  Tried,
} from '../../scripts/setup/types.d.ts';

export type { Candidate, Setup, SetupRecord, Step, StepOutcome };

type Environment = Readonly<Record<string, string | undefined>>;
type Pair = Pick<FfmpegChoice, 'ffmpeg' | 'ffprobe' | 'version'> & { libavcodec: string };

interface Choose {
  firstThatWorks<T>(candidates: readonly Candidate<T>[], signal?: AbortSignal): Promise<Chosen<T>>;
  NothingWorks: new (message: string, tried: readonly Tried[]) => Error & { tried: readonly Tried[] };
}
interface Versions {
  isAtLeast(found: string, least: string): boolean;
  parseFfmpegVersion(text: string): { version: string; libavcodec: string };
  parseTemporalVersion(text: string): { cli: string; server: string; ui: string };
}
interface Steps {
  runStages(
    stages: readonly (readonly Step[])[],
    setup: Setup,
    before: SetupRecord,
    report: { note(title: string, text: string): void; done(outcome: StepOutcome): void; save(record: SetupRecord): void },
  ): Promise<{ record: SetupRecord; outcomes: StepOutcome[] }>;
}
interface Record_ {
  SETUP_VERSION: number;
  readRecord(root: string, tools: string): SetupRecord;
  writeRecord(tools: string, record: SetupRecord): void;
}
interface Lock {
  takeLock(tools: string, options: { signal: AbortSignal; onWait(pid: number): void }): Promise<() => void>;
  removePartials(folder: string): void;
}
interface LockFile {
  packages?: Record<string, { version?: string; integrity?: string; optional?: boolean }>;
}
interface Packages {
  differences(lock: LockFile, installed: LockFile): string[];
  missingDependencies(root: string): string[];
}
interface Download {
  download(url: string, path: string, options: { signal: AbortSignal; patienceSeconds?: number }): Promise<void>;
}
interface Address {
  addressInToml(toml: string, profile: string): string | undefined;
  givenAddress(env: Environment): { address: string; source: string } | undefined;
  listens(address: string): Promise<boolean>;
  servesTemporal(address: string, milliseconds?: number): Promise<boolean>;
}
export interface TemporalProbes {
  given(): { address: string; source: string } | undefined;
  listens(address: string): Promise<boolean>;
  serves(address: string): Promise<boolean>;
  version(path: string): Promise<string>;
  onPath(): string | undefined;
  kept(): Promise<string>;
  download(): Promise<string>;
  build(): Promise<string>;
}
interface Temporal {
  temporalCandidates(
    place: { tools: string; cliPath: string | undefined; needsTool: boolean },
    probes: TemporalProbes,
  ): Candidate<Omit<TemporalChoice, 'source'>>[];
}
interface Tensorflow {
  tensorflowCandidates(
    place: { root: string; tools: string; wanted: string | undefined },
    probes: {
      load(folder: string): Promise<{ version: string }>;
      build(): Promise<{ package: string; version: string }>;
      versionOf(name: string): string;
    },
  ): Candidate<Omit<TensorflowChoice, 'source'>>[];
}
interface TensorflowBuild {
  builtPackage(tools: string): string;
  addonPath(setup: Pick<Setup, 'root' | 'cache'>): Promise<string>;
}
interface TensorflowWheel {
  wheelFolder(cache: string): string;
}
interface Kernels {
  sourcesDigest(root: string): string;
  keptKernels(setup: Pick<Setup, 'root' | 'cache' | 'env' | 'signal'>): Promise<string>;
  buildKernels(setup: Setup): Promise<string>;
  kernels: Step;
}
interface Cache {
  cacheFolder(env: Environment, tools: string): string;
  share(from: string, to: string): Promise<void>;
}
interface Installed {
  installedFolder(root: string, name: string): string;
}
interface Ffmpeg {
  ffmpegCandidates(place: { root: string; env: Environment }, check: (ffmpeg: string, ffprobe: string) => Promise<Pair>): Candidate<Pair>[];
}
interface Report {
  linesOf(outcome: StepOutcome): string[];
}

const load = <T>(name: string): Promise<T> => import(new URL(`../../scripts/setup/${name}.mjs`, import.meta.url).href);

export const choose = await load<Choose>('choose');
export const versions = await load<Versions>('versions');
export const steps = await load<Steps>('steps');
export const record = await load<Record_>('record');
export const lock = await load<Lock>('lock');
export const packages = await load<Packages>('packages');
export const download = await load<Download>('temporal-download');
export const address = await load<Address>('temporal-address');
export const temporal = await load<Temporal>('temporal');
export const tensorflow = await load<Tensorflow>('tensorflow');
export const tensorflowBuild = await load<TensorflowBuild>('tensorflow-build');
export const tensorflowWheel = await load<TensorflowWheel>('tensorflow-wheel');
export const kernels = await load<Kernels>('kernels');
export const cache = await load<Cache>('cache');
export const installed = await load<Installed>('installed');
export const ffmpeg = await load<Ffmpeg>('ffmpeg');
export const report = await load<Report>('report');
