/**
 * Ends the process when all of its output is written.
 * A pipe takes 64 KiB, and the rest waits in the process until its reader has read on. An app may leave
 * handles open; they do not keep the command from ending.
 */
export async function leave(code: number): Promise<never> {
  process.exitCode = code;
  await Promise.all([process.stdout, process.stderr].map(flushed));
  process.exit();
}

/**
 * Keeps the command going when its reader closes the pipe (`stem dlq list | head`).
 * Later output is dropped, the work goes on, and the exit code is that of the command. Other faults of the
 * output, such as a full disk, end it with 3.
 */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED") return;
      if (stream === process.stdout) process.stderr.write(`stem: The output cannot be written: ${error.message}\n`);
      process.exit(3);
    });
  }
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.destroyed || stream.writableLength === 0) return Promise.resolve();
  return new Promise((resolve) => {
    stream.once("close", resolve).once("error", () => resolve());
    stream.write("", () => resolve());
  });
}
