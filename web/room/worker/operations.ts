import { graphql } from '../../generated/index.ts';

export const Beat = graphql(/* GraphQL */ `
  mutation Beat($examId: ID!) {
    heartbeat(examId: $examId) {
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
