import { Page } from '../../staff/page.tsx';

export function Review({ userId }: { userId: string }) {
  return (
    <Page wide>
      <h1 dir="auto">{userId}</h1>
    </Page>
  );
}
