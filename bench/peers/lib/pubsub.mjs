import { EventEmitter } from 'node:events';

/** Works like graphql-subscriptions, the package in Apollo's documentation: an EventEmitter, and one queue per iterator. */
export class PubSub {
  #emitter = new EventEmitter().setMaxListeners(0);

  publish(topic, payload) {
    this.#emitter.emit(topic, payload);
  }

  asyncIterableIterator(topic) {
    const emitter = this.#emitter;
    const pushed = [];
    const pulled = [];
    let running = true;
    const push = (value) => {
      const waiting = pulled.shift();
      if (waiting) waiting({ value, done: false });
      else pushed.push(value);
    };
    const stop = async () => {
      running = false;
      emitter.off(topic, push);
      for (const waiting of pulled.splice(0)) waiting({ value: undefined, done: true });
      pushed.length = 0;
      return { value: undefined, done: true };
    };
    emitter.on(topic, push);
    return {
      async next() {
        if (!running) return { value: undefined, done: true };
        if (pushed.length > 0) return { value: pushed.shift(), done: false };
        return new Promise((resolve) => pulled.push(resolve));
      },
      return: stop,
      async throw(error) {
        await stop();
        throw error;
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}
