import ssh2, { type Attributes, type SFTPWrapper } from "ssh2";
import type { SftpDependencies } from "./dependencies.ts";
import { createOperations, type Handle, nextNames, type Operations, readPart } from "./operations.ts";
import { canonicalPath } from "./paths.ts";
import { denied, isFault, SftpError, statusOf } from "./status.ts";
import type { Node, TreeParts } from "./tree.ts";

const { STATUS_CODE } = ssh2.utils.sftp;

/** Most files and folders that a session has open at a time. */
const mostHandles = 64;
/** Requests, and bytes in them, that wait before the connection is read no further. */
const mostWaiting = 256;
const mostWaitingBytes = 8 * 1024 * 1024;

/** A session's flow: reading from its connection stops while too much waits. */
export interface Flow {
  pause(): void;
  resume(): void;
}

/**
 * Serves one SFTP session. Requests are done one after the other, in the order in which they came.
 * @returns ends the session, after the request that is being done; what was not closed is not taken
 */
export function serveSession(
  sftp: SFTPWrapper,
  dependencies: SftpDependencies,
  tree: TreeParts,
  flow: Flow,
): () => Promise<void> {
  const operations = createOperations(dependencies, tree);
  const line = createLine(sftp, dependencies, flow);
  const opened = createHandles(sftp);
  const ok = (id: number) => sftp.status(id, STATUS_CODE.OK);
  serveFiles({ sftp, operations, inLine: line.add, opened, ok });
  serveNames({ sftp, operations, inLine: line.add, ok });
  sftp.on("error", () => undefined);
  // Clients say that they send nothing more, and wait for the end of the channel.
  sftp.on("end", () => {
    void line.end().then(() => {
      tellSuccess(sftp);
      sftp.end();
    });
  });
  return async () => {
    line.stop();
    await line.end();
    for (const handle of opened.all()) {
      if (handle.type === "writing") handle.draft.writers -= 1;
      else await operations.close(handle).catch(() => undefined);
    }
  };
}

/** Makes the line in which the requests of a session wait. */
function createLine(sftp: SFTPWrapper, { failed }: SftpDependencies, flow: Flow) {
  let last: Promise<void> = Promise.resolve();
  let waiting = 0;
  let waitingBytes = 0;
  let isStopped = false;
  const attempt = async (id: number, work: () => Promise<void>) => {
    try {
      if (!isStopped) await work();
    } catch (error) {
      const { code, message } = statusOf(error);
      if (isFault(error)) failed(error);
      if (!isStopped) sftp.status(id, code, message);
    }
  };
  return {
    add(id: number, work: () => Promise<void>, bytes = 0) {
      waiting += 1;
      waitingBytes += bytes;
      if (waiting >= mostWaiting || waitingBytes >= mostWaitingBytes) flow.pause();
      last = last
        .then(() => attempt(id, work))
        .then(() => {
          waiting -= 1;
          waitingBytes -= bytes;
          if (waiting < mostWaiting / 2 && waitingBytes < mostWaitingBytes / 2) flow.resume();
        });
    },
    stop() {
      isStopped = true;
    },
    end: () => last,
  };
}

/** Makes the numbers by which a client names what it has open. */
function createHandles(sftp: SFTPWrapper) {
  const handles = new Map<number, Handle>();
  const numberOf = (bytes: Buffer) => (bytes.length === 4 ? bytes.readUInt32BE() : -1);
  return {
    all: () => [...handles.values()],
    requireRoom() {
      if (handles.size >= mostHandles) throw new SftpError("FAILURE", `More than ${mostHandles} files are open`);
    },
    keep(id: number, handle: Handle) {
      let number = 0;
      while (handles.has(number)) number += 1;
      handles.set(number, handle);
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(number);
      sftp.handle(id, bytes);
    },
    get(bytes: Buffer): Handle {
      const handle = handles.get(numberOf(bytes));
      if (handle === undefined) throw new SftpError("FAILURE", "No such handle");
      return handle;
    },
    release: (bytes: Buffer) => handles.delete(numberOf(bytes)),
  };
}

/** Ends the channel as a program without an error does: `scp` fails without an exit status. */
function tellSuccess(sftp: SFTPWrapper): void {
  const [protocol, outgoing] = ["_protocol", "outgoing"].map((name): unknown => Reflect.get(sftp, name));
  if (typeof protocol !== "object" || protocol === null || typeof outgoing !== "object" || outgoing === null) return;
  const exitStatus: unknown = Reflect.get(protocol, "exitStatus");
  if (typeof exitStatus === "function") exitStatus.call(protocol, Reflect.get(outgoing, "id"), 0);
}

interface NameParts {
  readonly sftp: SFTPWrapper;
  readonly operations: Operations;
  readonly inLine: (id: number, work: () => Promise<void>, bytes?: number) => void;
  readonly ok: (id: number) => void;
}

interface FileParts extends NameParts {
  readonly opened: ReturnType<typeof createHandles>;
}

/** Requests about what is open. */
function serveFiles({ sftp, operations, inLine, opened, ok }: FileParts): void {
  const { keep, get: handleOf, requireRoom, release } = opened;
  sftp.on("OPEN", (id, path, flags) =>
    inLine(id, async () => {
      requireRoom();
      keep(id, await operations.open(path, flags));
    }),
  );
  sftp.on("OPENDIR", (id, path) =>
    inLine(id, async () => {
      requireRoom();
      keep(id, await operations.list(path));
    }),
  );
  sftp.on("READDIR", (id, bytes) =>
    inLine(id, async () => {
      const nodes = nextNames(handleOf(bytes));
      if (nodes.length === 0) sftp.status(id, STATUS_CODE.EOF);
      else sftp.name(id, nodes.map(entryOf));
    }),
  );
  sftp.on("READ", (id, bytes, offset, length) =>
    inLine(id, async () => {
      const part = await readPart(handleOf(bytes), offset, length);
      if (part.length === 0) sftp.status(id, STATUS_CODE.EOF);
      else sftp.data(id, part);
    }),
  );
  sftp.on("WRITE", (id, bytes, offset, data) =>
    inLine(
      id,
      async () => {
        await operations.write(handleOf(bytes), offset, data);
        ok(id);
      },
      data.length,
    ),
  );
  sftp.on("FSTAT", (id, bytes) => inLine(id, async () => sftp.attrs(id, attributesOfHandle(handleOf(bytes)))));
  sftp.on("FSETSTAT", (id, bytes, { size }) =>
    inLine(id, async () => {
      const handle = handleOf(bytes);
      if (handle.type === "writing") await operations.resizeDraft(handle.draft, size);
      ok(id);
    }),
  );
  sftp.on("CLOSE", (id, bytes) =>
    inLine(id, async () => {
      const handle = handleOf(bytes);
      release(bytes);
      await operations.close(handle);
      ok(id);
    }),
  );
}

/** Requests about names. */
function serveNames({ sftp, operations, inLine, ok }: NameParts): void {
  const stat = (id: number, path: string) =>
    inLine(id, async () => sftp.attrs(id, attributesOf(await operations.find(path))));
  const done = (id: number, work: () => Promise<void>) =>
    inLine(id, async () => {
      await work();
      ok(id);
    });
  sftp.on("STAT", stat);
  sftp.on("LSTAT", stat);
  sftp.on("SETSTAT", (id, path, { size }) => done(id, () => operations.resize(path, size)));
  sftp.on("REALPATH", (id, path) =>
    inLine(id, async () => {
      const filename = canonicalPath(path);
      sftp.name(id, [{ filename, longname: filename, attrs: {} as Attributes }]);
    }),
  );
  sftp.on("REMOVE", (id, path) => done(id, () => operations.remove(path)));
  sftp.on("RENAME", (id, from, to) => done(id, () => operations.rename(from, to)));
  sftp.on("MKDIR", (id, path) =>
    done(id, async () => {
      if (await operations.exists(path)) throw new SftpError("FAILURE", "The folder exists");
      throw denied("Folders are made by the administrator");
    }),
  );
  sftp.on("RMDIR", (id) =>
    done(id, async () => {
      throw denied("Folders are made by the administrator");
    }),
  );
  sftp.on("EXTENDED", (id, name, data) =>
    inLine(id, async () => {
      const [from, to] = name === "posix-rename@openssh.com" ? stringsIn(data) : [];
      if (from === undefined || to === undefined) throw new SftpError("OP_UNSUPPORTED", "Operation unsupported");
      await operations.rename(from, to);
      ok(id);
    }),
  );
}

/** The strings of an extended request: each has its length before it. */
function stringsIn(data: Buffer | undefined): string[] {
  const strings: string[] = [];
  for (let at = 0; data !== undefined && at + 4 <= data.length; ) {
    const end = at + 4 + data.readUInt32BE(at);
    if (end > data.length) return [];
    strings.push(data.toString("utf8", at + 4, end));
    at = end;
  }
  return strings;
}

const seconds = (at: Date) => Math.floor(at.getTime() / 1000);

function attributesOf({ isFolder, size, changedAt }: Node): Attributes {
  const at = seconds(changedAt);
  return { mode: isFolder ? 0o040750 : 0o100640, uid: 0, gid: 0, size, atime: at, mtime: at };
}

function attributesOfHandle(handle: Handle): Attributes {
  if (handle.type === "reading") return attributesOf(handle.node);
  if (handle.type === "writing")
    return attributesOf({
      name: "",
      isFolder: false,
      size: handle.draft.size,
      changedAt: new Date(handle.draft.changedAt),
    });
  return attributesOf({ name: "", isFolder: true, size: 4096, changedAt: new Date(0) });
}

/** An entry of a listing, with a line as `ls -l` writes it, which some clients read. */
function entryOf(node: Node) {
  const { name, isFolder, size, changedAt } = node;
  const day = changedAt.toUTCString().slice(5, 16).split(" ");
  const date = `${day[1]} ${day[0]} ${day[2]}`;
  const longname = `${isFolder ? "drwxr-x---" : "-rw-r-----"} 1 muster muster ${String(size).padStart(12)} ${date} ${name}`;
  return { filename: name, longname, attrs: attributesOf(node) };
}
