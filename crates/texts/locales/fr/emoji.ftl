# Les émojis de l'application web, un par ligne dans le même ordre que dans les autres langues : l'émoji, son nom, et d'autres
# mots par lesquels on le trouve.

emoji-faces-names =
    😀 visage souriant, sourire
    😃 visage joyeux, content
    😄 yeux rieurs, sourire, joie
    😁 large sourire
    😆 rire, yeux plissés
    😅 rire gêné, sueur
    😂 larmes de joie, rire
    🤣 mort de rire, se rouler
    🙂 léger sourire
    🙃 tête à l'envers
    😉 clin d'œil
    😊 yeux souriants, rougir
    😇 ange, innocent
    🥰 amoureux, cœurs
    😍 yeux en cœur, amour
    🤩 émerveillé, étoiles
    😘 bisou, baiser
    😋 miam, délicieux
    😛 langue tirée
    😜 langue et clin d'œil, fou
    🤪 loufoque, fou
    🤗 câlin
    🤭 glousser, main sur la bouche
    🤫 chut, silence
    🤔 pensif, réfléchir
    🤨 sourcil levé, doute
    😐 neutre
    😑 sans expression
    😶 sans bouche, muet
    🙄 yeux au ciel
    😏 sourire en coin
    😒 pas amusé, blasé
    😬 grimace
    😌 soulagé
    😔 songeur, triste
    😪 sommeil
    😴 dormir
    😷 masque
    🤒 malade, fièvre
    🤕 blessé, bandage
    🤢 nausée
    🤧 éternuer, rhume
    🥵 chaud
    🥶 gelé, froid
    😵 étourdi
    🤯 tête qui explose
    🥳 faire la fête, fête
    😎 lunettes de soleil, cool
    🤓 intello
    🧐 monocle
    😕 perplexe
    🙁 mécontent, froncer
    😮 surprise, bouche ouverte
    😲 stupéfait
    😳 rougissant, gêné
    🥺 suppliant, pitié
    😨 peur
    😰 anxieux, inquiet
    😢 pleurer, larme
    😭 sangloter, pleurer
    😱 cri, terreur
    😖 crispé
    😞 déçu
    😓 sueur froide
    😩 las
    😫 épuisé, fatigué
    🥱 bâiller
    😤 triomphe, souffler
    😠 fâché, en colère
    😡 furieux, rage
    🤬 jurer, gros mots
    😈 diable
    💀 crâne
    👻 fantôme
    🤖 robot
    💩 caca

emoji-gestures-names =
    👍 pouce levé, oui, +1
    👎 pouce baissé, non, -1
    👌 parfait, ok
    🤌 doigts pincés
    ✌️ victoire, paix
    🤞 doigts croisés, chance
    🤟 je t'aime
    🤘 rock, cornes
    🤙 appelle-moi
    👈 montrer à gauche
    👉 montrer à droite
    👆 montrer en haut
    👇 montrer en bas
    ☝️ index levé
    ✋ main levée, stop
    👋 salut, bonjour, au revoir
    🖖 salut vulcain
    👏 applaudir, bravo
    🙌 mains levées, hourra
    🤲 mains ouvertes
    🤝 poignée de main, accord
    🙏 mains jointes, merci, prière
    💪 fort, muscle
    👀 yeux, regarder
    🧠 cerveau
    👄 bouche
    🙈 ne rien voir, singe
    🙉 ne rien entendre, singe
    🙊 ne rien dire, singe
    🤷 haussement d'épaules
    🤦 main sur le visage
    🙋 lever la main, moi
    🙇 s'incliner
    💃 danser
    🏃 courir
    🚶 marcher
    🧘 calme, yoga

emoji-hearts-names =
    ❤️ cœur rouge, amour
    🧡 cœur orange
    💛 cœur jaune
    💚 cœur vert
    💙 cœur bleu
    💜 cœur violet
    🖤 cœur noir
    🤍 cœur blanc
    💔 cœur brisé
    💕 deux cœurs
    💖 cœur étincelant
    💯 cent, 100
    ✨ étincelles
    ⭐ étoile
    🌟 étoile brillante
    🔥 feu
    💥 boum, explosion
    💫 étoile filante
    💤 sommeil, zzz
    🎉 cotillons, fête, tada
    🎊 confettis
    🎈 ballon de fête
    🎁 cadeau
    🏆 trophée
    🥇 médaille d'or, premier
    🎂 gâteau d'anniversaire

emoji-nature-names =
    🐶 chien
    🐱 chat
    🐭 souris
    🐰 lapin
    🦊 renard
    🐻 ours
    🐼 panda
    🐸 grenouille
    🐵 singe
    🐔 poule
    🐧 manchot
    🐦 oiseau
    🦉 hibou
    🐝 abeille
    🦋 papillon
    🐢 tortue
    🐙 pieuvre
    🐳 baleine
    🐟 poisson
    🦄 licorne
    🌵 cactus
    🌲 arbre, sapin
    🌱 pousse
    🍀 trèfle, chance
    🌸 fleur de cerisier
    🌹 rose
    🌻 tournesol
    🍁 feuille d'érable
    🍄 champignon
    🌍 terre, monde
    🌙 lune
    ☀️ soleil
    ⛅ nuageux
    🌧️ pluie
    ⛄ bonhomme de neige
    ❄️ neige
    🌈 arc-en-ciel
    🌊 mer, vague

emoji-food-names =
    🍎 pomme
    🍌 banane
    🍇 raisin
    🍓 fraise
    🍒 cerises
    🍑 pêche
    🍋 citron
    🥑 avocat
    🥕 carotte
    🌽 maïs
    🍞 pain
    🥐 croissant
    🧀 fromage
    🍳 œuf au plat
    🥞 crêpes
    🍔 hamburger
    🍟 frites
    🍕 pizza
    🌮 taco
    🥗 salade
    🍝 pâtes
    🍜 nouilles
    🍣 sushi
    🍦 glace
    🍩 beignet
    🍪 biscuit
    🍫 chocolat
    🍿 pop-corn
    ☕ café
    🍵 thé
    🍺 bière
    🍷 vin
    🥂 trinquer, santé
    🍾 champagne
    🥤 boisson
    🍽️ repas, dîner

emoji-things-names =
    🏠 maison
    🏢 bureau
    🚗 voiture
    🚲 vélo
    🚂 train
    ✈️ avion
    🚀 fusée
    ⛵ bateau
    🗺️ carte
    ⏰ réveil
    ⏳ sablier
    📅 calendrier
    📌 punaise
    📎 trombone
    ✏️ crayon
    📝 note, mémo
    📖 livre ouvert
    📚 livres
    💡 idée, ampoule
    🔑 clé
    🔒 verrouillé, cadenas
    🔓 déverrouillé
    🔔 cloche
    🔍 recherche, loupe
    💻 ordinateur
    📱 téléphone
    📷 appareil photo
    🎧 casque
    🎵 musique
    🎸 guitare
    🎬 cinéma, clap
    🎮 jeu vidéo
    ⚽ football
    🏀 basket
    🎾 tennis
    🎲 dé
    🧩 puzzle
    🛠️ outils
    ⚙️ engrenage
    🧪 éprouvette, test
    💊 pilule
    💶 argent, euro
    🛒 chariot, courses
    📦 colis, paquet
    ✅ coche, fait
    ❌ croix, non
    ⚠️ attention, danger
    ❓ question
    ❗ exclamation
    ➕ plus
    🚫 interdit
    ♻️ recycler
    🏁 arrivée
    🚪 porte
