import './scalars.ts';
import './node.ts';
import './exam.ts';
import './participant.ts';
import './warning.ts';
import './submission.ts';
import './live-recording.ts';
import './recording.ts';
import './snapshot.ts';
import './verification.ts';
import './viewer.ts';
import './control.ts';
import './proctor-link.ts';
import './review.ts';
import './event.ts';
import './api-key.ts';
import { builder } from './builder.ts';

export const schema = builder.toSchema();
