# Avant que quelqu'un soit connecté : l'accueil, les formulaires, la clé de secours, verrouiller et ouvrir.

entry-too-small = Une fenêtre plus grande, s'il vous plaît.

entry-welcome = Bienvenue. Une pièce tranquille, une bonne porte.
entry-welcome-about = Seuls ceux qui sont dans une conversation peuvent la lire. Personne n'est encore connecté sur cet appareil.
entry-choice-register = Nouveau compte
entry-choice-sign-in = J'ai un compte
entry-choice-recover = J'ai oublié mon mot de passe

entry-register = Un nouveau compte
entry-register-about = Il vit sur un serveur, qui garde des messages qu'il ne peut pas lire.
entry-sign-in = Se connecter
entry-sign-in-about = Ceci devient un appareil de votre compte ; il reçoit ce qui se dit à partir de maintenant.
entry-again = Se connecter de nouveau
entry-again-about = La session de cet appareil est terminée. Rien de ce qui est ici n'est perdu.
entry-recover = Un nouveau mot de passe
entry-recover-about = Par la clé de secours que vous avez notée. Toutes les autres sessions du compte prennent fin.
entry-unlock = Cet appareil est verrouillé
entry-unlock-about = Il s'ouvre avec le mot de passe qui valait quand il a été verrouillé.
entry-lock = Verrouiller cet appareil
entry-lock-about = La clé de ce qui est gardé ici passe sous votre mot de passe. Il sera dès lors demandé à chaque démarrage.

entry-server = Serveur
entry-passphrase = Phrase d'accès
entry-invitation = Invitation
entry-claim = Code à usage unique du responsable du serveur
entry-name = Nom
entry-second-factor = Code du second facteur
entry-hint-second-factor = Six chiffres de votre application d'authentification, ou un code de secours.
entry-recovery-key = Clé de secours
entry-password = Mot de passe
entry-new-password = Nouveau mot de passe
entry-password-again = Mot de passe, encore une fois

entry-hint-unprotected = http:// n'est pas protégé en chemin : les messages restent scellés, mais qui se met entre vous peut agir à votre place auprès du serveur.
entry-hint-admission = De la part du responsable du serveur ; vide si chacun peut s'inscrire. F2 : invitation, code à usage unique.
entry-hint-name = Les lettres de a à z, des chiffres, et . _ - entre eux. C'est par lui qu'on vous écrit.
entry-hint-password = Quatre mots ou plus sans rapport entre eux font un bon mot de passe. Il ne quitte jamais cet appareil.

entry-needed = Il faut le remplir.
entry-differ = Les deux mots de passe ne sont pas les mêmes. Tapez-le encore une fois.
entry-wrong-server = Il faut une adresse, comme https://chat.example.org ou 127.0.0.1:8080.
entry-wrong-password = Le mot de passe est faux. Les majuscules comptent.

entry-working-register = Création de vos clés et de votre compte…
entry-working-sign-in = Connexion…
entry-working-unlock = Ouverture…
entry-working-lock = Verrouillage…
entry-working-for = Le mot de passe est rendu difficile à deviner, ce qui prend un instant ({ $seconds } s).

entry-key = Votre clé de secours, montrée cette seule fois
entry-key-about = Notez-la et gardez-la loin de cette machine. Elle ouvre votre compte si vous oubliez le mot de passe, et personne ne pourra vous la montrer de nouveau.
entry-local-key = Ce qui est gardé ici est chiffré ; la clé se trouve à côté, dans un fichier que vous seul pouvez lire. /verrouiller la met sous votre mot de passe.
entry-fingerprint = Le certificat du serveur a été vu pour la première fois et fait foi désormais. Son empreinte, à comparer avec le responsable :
entry-written = Je l'ai notée

entry-keys-welcome = ↵ choisir · ↑↓ bouger · Échap partir
entry-keys-form = ↵ suivant · Tab ↑↓ bouger · Échap retour · Ctrl+C partir
entry-keys-locked = ↵ ouvrir · Échap partir
entry-keys-lock = ↵ suivant · Échap retour · Ctrl+C partir
entry-keys-working = Ctrl+C partir
entry-keys-written = ↵ continuer · ↑↓ la suite

chat-no-terminal = le chat a besoin d'un terminal ; pour les tubes et les scripts il y a `huis send` et `huis receive`
chat-lock-needs-password = --lock-after demande un appareil placé sous son mot de passe : d'abord `huis lock`
chat-panicked = huis chat : quelque chose s'est mal passé dans Huis, qui ne le devait pas ; ce qui était envoyé ou gardé est sauf, et ces lignes aident à le corriger :
