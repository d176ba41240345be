interface Flushable {
  flush(): void;
}

/** Gathers what one turn of the event loop brings, so that each socket gets it in one write. */
export class Turn {
  #groups: Flushable[] = [];
  #sockets: Flushable[] = [];
  #end: Promise<void> | undefined;

  /** Has the group handed to its sockets when the turn ends. A group asks once a turn. */
  deliver(group: Flushable): void {
    this.#groups.push(group);
    void this.end();
  }

  /** Has the socket written to after all groups had their say. A socket asks once a turn. */
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
    // Groups add sockets meanwhile, and a socket that is written to may add nothing more.
    for (const group of this.#groups.splice(0)) group.flush();
    for (const socket of this.#sockets.splice(0)) socket.flush();
  }
}
