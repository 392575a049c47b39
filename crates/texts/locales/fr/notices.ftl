# Ce que le programme a remarqué.

notice-repairing = Cette conversation est rejointe à nouveau, car { $reason }. Ce qui s'est dit entre-temps ne peut pas être lu ici.
notice-repaired = La conversation a été rejointe à nouveau. Les entrées { $from } à { $to } ne peuvent pas être lues ici.
notice-repair-delayed = La conversation a été rejointe trop souvent ; prochain essai : { $time }.
notice-repair-called-off = Quelque chose n'a pas pu être lu : { $reason }. Tout le reste est comme chez les autres membres ; c'était donc sans valeur, et rien n'est rejoint à nouveau.
notice-expired = Les messages jusqu'à l'entrée { $seq } ont expiré sur le serveur avant que cet appareil les reçoive.
notice-gap = Le serveur n'a pas livré les entrées { $from } à { $to }.
notice-missing-from =
    { $count ->
        [one] { $count } message de { $name } manque. Demandez ce qu'il disait.
       *[other] { $count } messages de { $name } manquent. Demandez ce qu'ils disaient.
    }
notice-counter-repeated = Un appareil de { $name } recompte ses messages : il tourne sur une vieille copie, ou quelqu'un rejoue d'anciens messages.
notice-forked = { $name } a vu une autre histoire que cet appareil, à partir de l'entrée { $seq } : le serveur en montre deux. Parlez-en par un autre moyen.
notice-hole = { $name } a vu l'entrée { $seq }, qui n'est pas venue ici : le serveur la retient peut-être.
notice-unreadable = Un message (entrée { $seq }) n'a pas pu être lu et a été passé : { $reason }.
notice-invalid-commit = Un changement (entrée { $seq }) enfreint une règle, et tous les membres l'ignorent : { $reason }.
notice-shut-out = Par un changement qui enfreint une règle (entrée { $seq }), le serveur exclut cet appareil jusqu'à ce que d'autres le contestent aussi. Si cela reste silencieux, ouvrez une autre conversation avec ceux en qui vous avez confiance.
notice-identity-changed = La clé d'identité de { $name } a changé. Rien n'est envoyé à { $name } avant que vous ayez comparé le numéro de sécurité et accepté la clé : /verifier { $name }.
notice-identity-handed-over = { $name } a une autre clé d'identité, à laquelle la précédente a cédé le compte ; quelqu'un qui aurait volé celle-ci pourrait le faire aussi. Rien n'est envoyé à { $name } seul avant que vous ayez comparé le numéro de sécurité et accepté la clé : /verifier { $name }.
notice-identity-broken = Vous aviez comparé le numéro de sécurité avec { $name }, et la clé d'identité a changé depuis : quelqu'un se trouve peut-être entre vous. Ce que vous écrivez à { $name }, dans les groupes aussi, attend ici que vous compariez de nouveau, ou que vous passiez outre : /verifier { $name }.
notice-identity-broken-by-handover = Vous aviez comparé le numéro de sécurité avec { $name }, qui a une autre clé d'identité depuis. La précédente lui a transmis le compte par sa signature, ce que quelqu'un qui l'aurait volée pourrait faire aussi. Ce que vous écrivez à { $name }, dans les groupes aussi, attend ici que vous compariez de nouveau, ou que vous passiez outre : /verifier { $name }.
notice-recovery-key-changed = Votre compte a une autre clé de secours, faite sur un autre de vos appareils ; la précédente n'ouvre plus rien. Si ce n'était pas vous, quelqu'un connaît votre mot de passe : renouvelez votre identité par `huis identity renew`.
notice-second-factor-on = Un autre de vos appareils a activé le second facteur : la connexion, et la clé de secours, demandent désormais aussi un code. Si ce n'était pas vous, quelqu'un connaît votre mot de passe et a un appareil connecté à votre compte. Cela ne se défait pas d'ici : gardez cet appareil connecté, et prévenez vos contacts et qui s'occupe du serveur.
notice-second-factor-off = Un autre de vos appareils a désactivé le second facteur : le mot de passe suffit pour se connecter. Si ce n'était pas vous, quelqu'un connaît votre mot de passe et a eu un code : renouvelez votre identité par `huis identity renew`.
notice-identity-renewed = Votre compte a la nouvelle clé d'identité que vous avez demandée, et ceci est son seul appareil. Si la nouvelle clé de secours ne vous a pas été montrée, `huis identity renew` la montre.
notice-own-identity-changed = Votre compte a une autre clé d'identité, que cet appareil n'a pas demandée. Si vous ne l'avez pas renouvelée vous-même, quelqu'un qui a volé la précédente a pris votre compte : prévenez vos contacts par un autre moyen.
notice-device-list-refused = Le serveur a montré une liste des appareils de { $name } qui n'est pas acceptable : { $reason }.
notice-account-state-refused = Le serveur a montré un état de votre compte qui n'est pas acceptable : { $reason }.
notice-archive-refused = Le serveur a montré une archive de l'historique qui n'est pas acceptable : { $reason }.
notice-history-incomplete =
    { $count ->
        [one] Une partie de l'archive de votre historique n'a pas pu être restaurée sur cet appareil.
       *[other] { $count } parties de l'archive de votre historique n'ont pas pu être restaurées sur cet appareil.
    }
notice-unexpected-members = Cette conversation a des membres que votre compte ne connaît pas ({ $names }) et n'a pas été rejointe. N'y entrez que si c'est voulu.
notice-join-failed = La conversation n'a pas pu être rejointe. { $failure }
notice-own-device-added =
    { $count ->
        [one] Votre compte a un nouvel appareil. Si vous ne l'avez pas ajouté, retirez-le tout de suite (/appareils) et renouvelez votre identité : quelqu'un connaît votre mot de passe.
       *[other] Votre compte a { $count } nouveaux appareils. Si vous ne les avez pas ajoutés, retirez-les tout de suite (/appareils) et renouvelez votre identité : quelqu'un connaît votre mot de passe.
    }
notice-device-added =
    { $count ->
        [one] { $name } a un nouvel appareil.
       *[other] { $name } a { $count } nouveaux appareils.
    }
notice-removed = { $name } a retiré cet appareil de la conversation.
notice-old-copy = Ce profil est une vieille copie, ou tourne deux fois. Toutes les conversations sont rejointes à nouveau avant tout envoi.
notice-server-restored = Le serveur a été restauré d'une sauvegarde. Ce qu'il a perdu lui est proposé de nouveau.
notice-vault-set-back = Le serveur restauré a peut-être le mot de passe et le coffre du compte d'un moment antérieur. Si quelqu'un d'autre connaît ce mot de passe, choisissez-en un autre avec huis password.
notice-will-not-open = Un message verrouillé de { $name } ne s'ouvre pas : { $reason }. Demandez qu'il soit renvoyé.
notice-not-done = Ce que vous avez fait à un message a été refusé, et c'est annulé. { $reason }
notice-lost-by-server = Le serveur restauré ne connaît plus cette conversation, ou ne sait plus que vous en êtes. Ce qui s'est dit se lit encore ici ; demandez à un membre de vous inviter, ou recréez-la.
notice-unknown = Le serveur a parlé de « { $what } », que cette version ne connaît pas. Mettez Huis à jour.
notice-timer-reading = { $name } fait disparaître les messages { $span } après leur lecture. Qui veut en garder une copie le peut.
notice-timer-sending = { $name } fait disparaître les messages { $span } après leur envoi. Qui veut en garder une copie le peut.
notice-timer-off = { $name } laisse de nouveau les messages en place.

repair-unreadable = l'entrée { $seq } ne peut pas être lue ici
repair-expired = des entrées ont expiré avant d'être reçues
repair-taken-out = on n'a pas entendu cet appareil depuis si longtemps qu'un membre l'a retiré
repair-state-lost = son état ici ne peut pas être lu
repair-old-copy = ce profil est une vieille copie
repair-welcome = l'invitation n'a pas pu être utilisée
repair-gap = des entrées n'ont pas été livrées
repair-server-restored = le serveur a été restauré d'une sauvegarde
