# L'écran de `huis chat`.

screen-too-small = Agrandissez la fenêtre : au moins 40 × 12.
you = vous

# Connexion.

offline = Hors ligne. Ce que vous écrivez partira à votre retour.
offline-waiting =
    { $count ->
        [one] Hors ligne. { $count } message partira à votre retour.
       *[other] Hors ligne. { $count } messages partiront à votre retour.
    }
joining-count =
    { $count ->
        [one] Entrée dans { $count } conversation…
       *[other] Entrée dans { $count } conversations…
    }
held-count =
    { $count ->
        [one] { $count } message est retenu : une clé d'identité a changé.
       *[other] { $count } messages sont retenus : une clé d'identité a changé.
    }

# La liste.

list-title = Conversations
list-favourites = Favoris
list-others = Autres
list-requests = Demandes
list-archived = Archives { $count }
list-empty = Aucune conversation pour l'instant. Appuyez sur Ctrl+K, ou écrivez à quelqu'un avec /dm NOM.
list-typing = écrit
list-draft = brouillon
list-muted = muet
list-all-read = Vous avez tout lu.
welcome-choose = Choisissez une conversation avec ↑ et ↓, ouvrez-la avec ↵.
welcome-empty = Aucune conversation pour l'instant.

# L'en-tête.

header-here = en ligne
header-people =
    { $count ->
        [one] { $count } personne
       *[other] { $count } personnes
    }
header-count-here = { $count } en ligne
header-pins =
    { $count ->
        [one] { $count } épinglé
       *[other] { $count } épinglés
    }
trust-verified = vérifié
trust-not-yet = non vérifié
trust-broken = clé changée depuis votre comparaison
trust-changed = clé changée

# Les jours.

day-today = Aujourd'hui
day-yesterday = Hier
day-of-this-year = { $weekday } { $day } { $month }
day-of-year = { $weekday } { $day } { $month } { $year }
day-short = { $day } { $month }
weekday-1 = lundi
weekday-2 = mardi
weekday-3 = mercredi
weekday-4 = jeudi
weekday-5 = vendredi
weekday-6 = samedi
weekday-7 = dimanche
month-1 = janvier
month-2 = février
month-3 = mars
month-4 = avril
month-5 = mai
month-6 = juin
month-7 = juillet
month-8 = août
month-9 = septembre
month-10 = octobre
month-11 = novembre
month-12 = décembre
month-short-1 = janv.
month-short-2 = févr.
month-short-3 = mars
month-short-4 = avr.
month-short-5 = mai
month-short-6 = juin
month-short-7 = juil.
month-short-8 = août
month-short-9 = sept.
month-short-10 = oct.
month-short-11 = nov.
month-short-12 = déc.

# Les messages.

timeline-beginning = Ici commence { $name }.
timeline-empty = Rien n'a encore été dit ici.
timeline-new = nouveau
timeline-to-newest = aux derniers : Ctrl+Fin
timeline-to-newest-count =
    { $count ->
        [one] { $count } nouveau message : Ctrl+Fin
       *[other] { $count } nouveaux messages : Ctrl+Fin
    }
message-forwarded = transféré
message-device-unlisted = d'un appareil absent de la liste de son compte
message-deleted = (supprimé)
message-deleted-by = (supprimé par { $name })
message-unknown-kind = (contenu que cette version ne sait pas afficher : { $kind })
lock-text = Un texte qui s'ouvre { $when } (dans { $left })
lock-files =
    { $count ->
        [one] Un fichier qui s'ouvre { $when } (dans { $left })
       *[other] { $count } fichiers qui s'ouvrent { $when } (dans { $left })
    }
lock-due = L'heure est venue ; on attend le serveur
lock-due-drand = L'heure est venue ; on attend la balise publique drand
lock-own = Les autres le liront { $when } (dans { $left })
lock-own-due = Les autres peuvent désormais le lire
lock-withdrawn = Retiré avant son ouverture
lock-broken = Ce message ne s'ouvre pas ; les avis disent pourquoi
lock-no-moment = { $typed } n'est pas une heure : écrivez 2h, 2026-12-31T09:00 ou 31:12:2026:09:00:00.
file-line = 📎 { $name } ({ $size })
file-voice-line = 🎤 { $name } ({ $size })
file-voice = Message vocal, { $length }
file-voice-plain = Message vocal
picture-not-shown = La miniature ne peut pas être montrée.
picture-none = Ce message n'a pas d'image qui puisse se dessiner ici.
file-waiting = en attente
file-going = { $bar } { $percent } %
file-speed = { $size }/s
file-left = encore { $span }
file-going-paused = { $bar } { $percent } %, en pause
file-paused = en pause
file-saved = enregistré dans { $path }
message-edited = modifié
message-pinned = épinglé
message-vanishes = ⏳ { $span }
message-view-once = (à ouvrir une seule fois : o)
message-view-once-own = (s'ouvre une seule fois ; rien n'en reste ici)
message-view-once-line = (à ouvrir une seule fois)
message-locked-line = (s'ouvre plus tard)
message-vanishing-line = (un message qui disparaît)
span-seconds = { $count } s
span-minutes = { $count } min
span-hours = { $count } h
span-days = { $count } j
timer-reading = Les messages disparaissent { $span } après leur lecture.
timer-sending = Les messages disparaissent { $span } après leur envoi.
message-waiting = en attente
message-held = retenu
message-failed = non envoyé
message-not-own = Vous ne pouvez modifier que vos propres messages.
message-copied = Copié.
message-forwarded-to = Transféré à { $name }.
conversation-arrived = { $name } est dans la liste.
message-quoted-not-here = Le message cité n'est pas sur cet appareil.
receipt-read = lu
receipt-read-by-all = lu par tous
receipt-read-by = lu par { $count } sur { $others }
receipt-delivered = { $count } sur { $others }
typing-one = { $name } écrit…
typing-two = { $name } et { $other } écrivent…
typing-many = { $count } personnes écrivent…

# La saisie, et ce qui la remplace.

composer-hint = écrivez un message, / pour les commandes
composer-replying = Réponse à { $name } : { $text }
composer-editing = Modification
composer-too-long = Cela ferait { $bytes } octets ; un message en contient { $most } au plus. Rien n'a été ajouté : envoyez-le en plusieurs parties.
bar-request = { $name } souhaite vous parler.
bar-accept = accepter
bar-decline = refuser
bar-block = bloquer
bar-held = Cette conversation compte des membres que votre compte ne connaît pas. Vous n'y êtes pas entré.
bar-join-anyway = entrer quand même
bar-left = Vous n'êtes plus dans cette conversation. Ce qui a été dit reste lisible.

# Les actions.

action-retry = réessayer
action-discard = abandonner
action-go-on = reprendre
action-cancel = annuler
action-search = Rechercher
action-details = Personnes et détails
action-next-unread = Prochaine conversation non lue
action-favourite = Mettre en favori, ou retirer
action-archive = Archiver, ou ressortir
action-mute = Rendre muette, ou non
action-notifications = M'appeler pour : tout, mentions, rien
action-leave = Quitter cette conversation
action-help = Aide
action-quit = Quitter Huis

confirm-title = Confirmation
confirm-no = non
confirm-delete = Supprimer « { $text } » pour tout le monde ?
confirm-delete-other = Supprimer pour tout le monde « { $text } », écrit par { $name } ?
confirm-delete-yes = supprimer
confirm-discard = Abandonner ce message ? Il n'a pas été envoyé.
confirm-discard-yes = abandonner
confirm-leave = Quitter { $name } ? Vous ne recevrez plus rien de ce qui s'y dit.
confirm-leave-yes = quitter
confirm-block = Bloquer { $name } ? Plus rien de sa part ne vous parviendra.
confirm-block-request = Refuser cette demande et bloquer la personne qui l'a envoyée ?
confirm-decline-request = Refuser cette demande ?
confirm-decline-yes = refuser
confirm-join-anyway = Rejoindre cette conversation, bien que votre compte n'en connaisse pas tous les membres ?
confirm-join-anyway-yes = rejoindre
confirm-block-yes = bloquer
confirm-identity = Passer outre le changement de clé d'identité de { $name }, sans comparer ? Quelqu'un se trouve peut-être entre vous. Ce qui attend partira.
confirm-identity-yes = passer outre
confirm-verify = Avez-vous comparé le numéro de sécurité avec { $name }, et était-il le même ?
confirm-unverify = Ne plus tenir { $name } pour vérifié ?
confirm-verify-yes = oui

# Les fenêtres.

emoji-title = Réagir
palette-title = Aller à
palette-forward = Transférer à
palette-hint = une conversation ou une commande
palette-nothing = Rien de ce nom.
receipts-title = Qui l'a reçu
receipts-none = Personne n'a encore confirmé.
receipts-read = lu { $time }
receipts-delivered = reçu { $time }
search-title = Rechercher
search-hint = des mots
search-nothing = Aucun résultat.
search-filters = Filtres : from:NOM  in:#SALON  in:@NOM  before:2026-01-31  after:2026-01-01  has:link  has:mention

# Les détails.

details-title = Détails
details-safety-number = Numéro de sécurité
details-verified = ✓ Vous l'avez comparé.
details-not-verified = Pas encore comparé. Lisez-le-vous l'un à l'autre, puis appuyez sur v.
details-identity-changed = ! La clé d'identité a changé. Comparez le numéro, puis appuyez sur v.
details-broken = ! La clé d'identité a changé depuis votre comparaison, et ce que vous écrivez attend. Comparez de nouveau, puis appuyez sur v ; ou /verifier.
details-blocked = Bloqué.
details-muted = Muette.
details-devices =
    { $count ->
        [one] { $count } appareil
       *[other] { $count } appareils
    }
details-keys = Avec ↑ dans les messages : v vérifié, b bloquer.
details-pinned = Épinglés
notify-all = Vous appelle pour chaque message.
notify-mentions = Vous appelle pour les mentions.
notify-none = Ne vous appelle jamais.
role-owner = propriétaire
role-admin = admin

# Le pied : un mot par touche.

key-archive = archiver
key-back = retour
key-cancel = annuler
key-choose = choisir
key-close = fermer
key-copy = copier
key-delete = supprimer
key-details = personnes
key-edit = modifier
key-favourite = favori
key-forward = transférer
key-go = aller à
key-go-there = y aller
key-help = aide
key-line = à la ligne
key-list = liste
key-messages = messages
key-move = parcourir
key-mute = muet
key-no = non
key-open = ouvrir
key-pin = épingler
key-quit = quitter
key-pause = pause, reprise
key-cancel-file = annuler
key-save = enregistrer
key-quoted = message cité
key-react = réagir
key-receipts = qui l'a reçu
key-reply = répondre
key-scroll = défiler
key-search = rechercher
key-send = envoyer
key-space = Espace
key-yes = oui

# L'aide.

help-title = Touches
help-everywhere = Partout
help-palette = aller à une conversation ou une commande
help-search = rechercher dans tous les messages
help-next = conversation au-dessus, au-dessous
help-unread = prochaine conversation non lue
help-details = qui est là, détails
help-scroll = faire défiler les messages
help-newest = aller au dernier message
help-tab = vers la liste et retour
help-help = cette aide
help-quit = quitter
help-writing = En écrivant
help-send = envoyer
help-line = aller à la ligne
help-select = choisir un message
help-history = ce que vous avez envoyé avant
help-undo = défaire, refaire
help-word = effacer un mot
help-cancel = annuler, revenir
help-message = Sur un message (choisi avec ↑)
help-reply = répondre
help-edit = modifier le vôtre
help-delete = supprimer pour tout le monde
help-react = réagir
help-pin = épingler, détacher
help-forward = transférer
help-copy = copier
help-receipts = qui l'a reçu, qui l'a lu
help-open-once = ouvrir ce qui ne s'ouvre qu'une fois
help-quoted = aller au message cité
help-trouble = réessayer ; abandonner un envoi, annuler ses fichiers
help-save = enregistrer ses fichiers
help-view = voir ses images en grand
help-pause = mettre ses fichiers en pause, ou les reprendre
help-list = Dans la liste
help-open = ouvrir
help-favourite = favori
help-archive = archiver
help-mute = rendre muette
help-notifications = m'appeler pour : tout, mentions, rien
