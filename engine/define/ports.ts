/** How a value lies in the store: canonical JSON, one file, or a directory of files. */
export type Form = 'json' | 'file' | 'tree';

/** Reference to immutable content in the store. JSON values may hold such references; garbage collection follows them. */
export interface Artifact {
  readonly form: Form;
  /** sha256 of the content in hex; of a tree, of its canonical listing. */
  readonly digest: string;
  /** Size of the content; of a tree, of all its files. */
  readonly bytes: number;
}

/** A JSON value of type T. */
export interface JsonPort<T> {
  readonly form: 'json';
  readonly kind: 'json';
  /** Never present: carries the type. */
  readonly value?: T;
}
/** One file; `kind` names what it holds, so that a wrong wire does not compile. */
export interface FilePort<Kind extends string> {
  readonly form: 'file';
  readonly kind: Kind;
}
/** A directory of files; `kind` names what it holds. */
export interface TreePort<Kind extends string> {
  readonly form: 'tree';
  readonly kind: Kind;
}
export type Port = JsonPort<unknown> | FilePort<string> | TreePort<string>;
export type Ports = Readonly<Record<string, Port>>;

export const json = <T>(): JsonPort<T> => ({ form: 'json', kind: 'json' });
export const file = <Kind extends string>(kind: Kind): FilePort<Kind> => ({ form: 'file', kind });
export const tree = <Kind extends string>(kind: Kind): TreePort<Kind> => ({ form: 'tree', kind });

/** A type without a value, for `params` and `item` of a task. */
export interface Type<T> {
  readonly value?: T;
}
export const type = <T>(): Type<T> => ({});

/** A file of the store, readable at `path` (never write there). */
export interface StoredFile {
  readonly path: string;
  readonly artifact: Artifact;
}
/** A tree of the store: relative name (with `/`) to a readable path. */
export interface StoredTree {
  readonly files: ReadonlyMap<string, string>;
  readonly artifact: Artifact;
}

/** What a task's code receives for a port. */
export type Received<P extends Port> = P extends JsonPort<infer T> ? T : P extends FilePort<string> ? StoredFile : StoredTree;
/** What a task's code returns for a port: the value, or the path of a file or directory inside its work directory. */
export type Returned<P extends Port> = P extends JsonPort<infer T> ? T : string;
