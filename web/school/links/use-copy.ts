import { useTranslations } from 'use-intl';
import { useAction } from '../../shared/use-action.ts';
import { copyText } from '../../staff/save.ts';
import { useSchool } from '../use-school.ts';

/** Copies a text and says so, or says that it must be copied by hand. */
export function useCopy() {
  const t = useTranslations('school.links');
  const school = useSchool();
  return useAction(async (text: string, told: string) => {
    const isCopied = await copyText(text).then(
      () => true,
      () => false,
    );
    school.tell(isCopied ? told : t('notCopied'));
  });
}
