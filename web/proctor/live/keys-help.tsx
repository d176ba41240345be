import { useTranslations } from 'use-intl';
import { KeyList } from '../key-list.tsx';
import { type KeyDeed, KEYS } from './keys.ts';
import { useLive, useView } from './view.ts';

export function KeysHelp({ titleId }: { titleId: string }) {
  const t = useTranslations('keys');
  const live = useLive();
  const { hasKeys } = useView();
  return (
    <KeyList
      titleId={titleId}
      list={(Object.keys(KEYS) as KeyDeed[]).map((deed) => ({ does: t(deed), keys: [KEYS[deed]] }))}
      isOn={hasKeys}
      onSwitch={(isOn) => live.keep({ hasKeys: isOn })}
      onClose={() => live.set({ deed: null })}
    />
  );
}
