interface Flushable {
  flush(): void;
}

/** Collects the output of one turn of the event loop, so that each socket is written once. */
export class Turn {
  #groups: Flushable[] = [];
  #sockets: Flushable[] = [];
  #end: Promise<void> | undefined;

  /** Delivers the group to its sockets at the end of the turn. A group calls this once per turn. */
  deliver(group: Flushable): void {
    this.#groups.push(group);
    void this.end();
  }

  /** Writes to the socket after all groups were delivered. A socket calls this once per turn. */
  write(socket: Flushable): void {
    this.#sockets.push(socket);
    void this.end();
  }

  /** Resolves once this turn's deliveries are made. */
  end(): Promise<void> {
    this.#end ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#flush();
        this.#end = undefined;
        resolve();
      });
    });
    return this.#end;
  }

  #flush(): void {
    // Delivering a group adds sockets; writing to a socket adds nothing more.
    for (const group of this.#groups.splice(0)) group.flush();
    for (const socket of this.#sockets.splice(0)) socket.flush();
  }
}
