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
import './counts.ts';
import './event.ts';
import './api-key.ts';
import { builder } from './builder.ts';
import { orderParticipants } from './participant-order.ts';

export const schema = orderParticipants(builder.toSchema());
