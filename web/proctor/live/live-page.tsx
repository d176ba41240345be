import { Page } from '../../staff/page.tsx';
import { useExam } from '../use-console.ts';

export function LivePage() {
  const { title } = useExam();
  return (
    <Page wide>
      <h1>{title}</h1>
    </Page>
  );
}
