/** The bar on top: the product, language, colours, who is signed in. */
import TopNavigation from '@cloudscape-design/components/top-navigation';
import type { ReactNode } from 'react';
import { languages, texts } from '../texts/texts.ts';
import { usePreferences, useTexts } from './preferences.tsx';
import { hrefOf, useRouter } from './router.tsx';
import { useSession } from './session.tsx';

export function TopBar(): ReactNode {
  const t = useTexts();
  const { go } = useRouter();
  const { state, signOut } = useSession();
  const { language, colours, setLanguage, setColours } = usePreferences();
  const other = colours === 'dark' ? 'light' : 'dark';
  return (
    <div id="top-bar">
      <TopNavigation
        identity={{
          title: 'Borealis',
          href: hrefOf('/clusters'),
          onFollow: (event) => {
            event.preventDefault();
            go('/clusters');
          },
        }}
        utilities={[
          {
            type: 'button',
            text: t(other === 'dark' ? 'shell.dark' : 'shell.light'),
            onClick: () => setColours(other),
          },
          {
            type: 'menu-dropdown',
            text: t('shell.language'),
            items: languages.map((name) => ({ id: name, text: texts[name]['shell.languageName'], disabled: name === language })),
            onItemClick: ({ detail }) => {
              const chosen = languages.find((name) => name === detail.id);
              if (chosen !== undefined) setLanguage(chosen);
            },
          },
          ...(state.kind === 'in'
            ? [
                {
                  type: 'menu-dropdown' as const,
                  text: state.person.name,
                  description: state.person.arn,
                  iconName: 'user-profile' as const,
                  items: [{ id: 'sign-out', text: t('shell.signOut') }],
                  onItemClick: () => void signOut(),
                },
              ]
            : []),
        ]}
      />
    </div>
  );
}
