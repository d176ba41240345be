import { execute, type ExecutionArgs, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { type Context, renewed } from '../context.ts';
import { maskResult } from '../http/graphql/error-mask.ts';
import type { Logger } from '../log.ts';
import type { ExamFeed } from '../resolvers/exam-feed.ts';
import type { PulseFeed } from '../resolvers/pulse.ts';
import { impersonal, type Viewer } from '../services/access/viewer.ts';
import type { LogEvent } from '../services/event-log/event-log.ts';
import type { ExamPulse } from '../services/pulse/pulses.ts';
import { nextTail } from './frames.ts';
import { SubscriberGroup } from './group.ts';
import type { Member } from './member.ts';
import type { Operation } from './operation.ts';
import type { Outlet } from './outlet.ts';
import { PulseGroup } from './pulse-group.ts';
import { createCursorVariables, shareKey } from './sharing.ts';
import type { Turn } from './turn.ts';

interface Dependencies {
  schema: GraphQLSchema;
  turn: Turn;
  log: Logger;
  makeContext(viewer: Viewer): Context;
}

/** Groups subscribers who get the same messages. */
export function createGroups({ schema, turn, log, makeContext }: Dependencies) {
  const groups = new Map<string, SubscriberGroup>();
  const pulses = new Map<string, PulseGroup>();
  const cursorVariables = createCursorVariables(schema);

  /** Executes with the shared rights, not as one of the subscribers. Each event is executed as if it were the first. */
  function createRender(operation: Operation, viewer: Viewer): (event: LogEvent | ExamPulse) => string | Promise<string> {
    const context = makeContext(impersonal(viewer));
    const { document, operationName, variableValues } = operation;
    const serialise = (result: ExecutionResult) => nextTail(maskResult(result, context));
    return (event) => {
      const contextValue = renewed(context);
      const args: ExecutionArgs = { schema, document, operationName, variableValues, rootValue: event, contextValue };
      const result = execute(args);
      return result instanceof Promise ? result.then(serialise) : serialise(result);
    };
  }

  function open(operation: Operation, viewer: Viewer, watch: ExamFeed, onClose: () => void): SubscriberGroup {
    log.debug({ examId: watch.examId, role: viewer.role }, 'a shared execution begins');
    return new SubscriberGroup({ watch, render: createRender(operation, viewer), turn, log, onClose });
  }

  /** What the messages of a subscriber depend on. */
  function keyOf({ query, operationName, variableValues: variables, document }: Operation, viewer: Viewer, examId: string): string {
    return shareKey({ examId, query, operationName, variables, viewer, cursors: cursorVariables(document) });
  }

  return {
    /** @param watch the watch that the operation's resolver permitted for this subscriber */
    join(operation: Operation, viewer: Viewer, watch: ExamFeed, outlet: Outlet): Member {
      if (!watch.isShared) return open(operation, viewer, watch, () => {}).join(operation.id, watch, outlet);
      const key = keyOf(operation, viewer, watch.examId);
      let group = groups.get(key);
      if (!group) groups.set(key, (group = open(operation, viewer, watch, () => groups.delete(key))));
      return group.join(operation.id, watch, outlet);
    },

    /** As `join`, for the pulse of an exam. */
    joinPulse(operation: Operation, viewer: Viewer, feed: PulseFeed, outlet: Outlet): Member {
      const key = keyOf(operation, viewer, feed.examId);
      let group = pulses.get(key);
      if (!group) {
        const render = createRender(operation, viewer);
        group = new PulseGroup({ feed, render, onClose: () => pulses.delete(key) });
        pulses.set(key, group);
      }
      return group.join(operation.id, outlet);
    },
  };
}
