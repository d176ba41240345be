import * as answers from './answers/exams.ts';
import { nothing } from './params.ts';
import { get, type Route } from './route.ts';

export const timeRoutes: Route[] = [
  get({
    path: '/time',
    summary: "Returns the time by the server's clock, with which every time of an exam agrees.",
    params: nothing,
    query: nothing,
    answer: answers.serverTime,
    open: true,
    run: async ({ ctx }) => ({ serverTime: await ctx.services.clock.now() }),
  }),
];
