import { graphql } from '../../generated/index.ts';

export const Beat = graphql(/* GraphQL */ `
  mutation Beat($examId: ID!, $step: String) {
    heartbeat(examId: $examId, step: $step) {
      status
      endsAt
      remainingSeconds
      handRaised
      serverTime
      renewedToken {
        token
        expiresAt
      }
    }
  }
`);
