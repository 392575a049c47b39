# The emoji of the web app, one a line in the same order in each language: the emoji, how it is called, and other words by
# which it is found.

emoji-faces-names =
    😀 grinning face, smile
    😃 happy face, smiley
    😄 laughing eyes, smile, joy
    😁 grin
    😆 laughing, squinting
    😅 relieved laugh, sweat smile
    😂 tears of joy, laugh, joy
    🤣 rolling with laughter, rofl
    🙂 slight smile
    🙃 upside down
    😉 wink
    😊 smiling eyes, blush
    😇 angel, innocent
    🥰 in love, hearts
    😍 heart eyes, love
    🤩 star struck
    😘 kiss
    😋 yummy, delicious
    😛 tongue
    😜 winking tongue, crazy
    🤪 zany, silly
    🤗 hug
    🤭 giggle
    🤫 shush, quiet
    🤔 thinking, hmm
    🤨 raised eyebrow, doubt
    😐 neutral
    😑 expressionless
    😶 no mouth, speechless
    🙄 eye roll
    😏 smirk
    😒 unamused
    😬 grimace
    😌 relieved
    😔 pensive, sad
    😪 sleepy
    😴 sleeping
    😷 mask
    🤒 sick, fever
    🤕 hurt, bandage
    🤢 nauseated
    🤧 sneeze, cold
    🥵 hot
    🥶 freezing, cold
    😵 dizzy
    🤯 mind blown
    🥳 partying, party
    😎 sunglasses, cool
    🤓 nerd
    🧐 monocle
    😕 confused
    🙁 frown
    😮 surprised, wow
    😲 astonished
    😳 flushed, embarrassed
    🥺 pleading, please
    😨 fearful, afraid
    😰 anxious
    😢 crying, tear
    😭 sobbing
    😱 scream
    😖 confounded
    😞 disappointed
    😓 cold sweat
    😩 weary
    😫 exhausted, tired
    🥱 yawn
    😤 triumph, huff
    😠 angry
    😡 furious, rage
    🤬 cursing
    😈 devil
    💀 skull
    👻 ghost
    🤖 robot
    💩 poop

emoji-gestures-names =
    👍 thumbs up, yes, +1
    👎 thumbs down, no, -1
    👌 all right, ok
    🤌 pinched fingers
    ✌️ victory, peace
    🤞 crossed fingers, luck
    🤟 love you
    🤘 rock, horns
    🤙 call me
    👈 pointing left
    👉 pointing right
    👆 pointing up
    👇 pointing down
    ☝️ one finger up
    ✋ raised hand, stop
    👋 wave, hello, bye
    🖖 vulcan salute
    👏 clapping, bravo
    🙌 raised hands, hooray
    🤲 open hands
    🤝 handshake, deal
    🙏 folded hands, thanks, please
    💪 strong, muscle
    👀 eyes, look
    🧠 brain
    👄 mouth
    🙈 see no evil, monkey
    🙉 hear no evil, monkey
    🙊 speak no evil, monkey
    🤷 shrug
    🤦 facepalm
    🙋 raising a hand, me
    🙇 bow
    💃 dancing
    🏃 running
    🚶 walking
    🧘 calm, yoga

emoji-hearts-names =
    ❤️ red heart, love
    🧡 orange heart
    💛 yellow heart
    💚 green heart
    💙 blue heart
    💜 purple heart
    🖤 black heart
    🤍 white heart
    💔 broken heart
    💕 two hearts
    💖 sparkling heart
    💯 hundred, 100
    ✨ sparkles
    ⭐ star
    🌟 glowing star
    🔥 fire
    💥 boom, bang
    💫 dizzy star
    💤 asleep, zzz
    🎉 party popper, tada
    🎊 confetti
    🎈 balloon
    🎁 gift, present
    🏆 trophy
    🥇 gold medal, first
    🎂 birthday cake

emoji-nature-names =
    🐶 dog
    🐱 cat
    🐭 mouse
    🐰 rabbit
    🦊 fox
    🐻 bear
    🐼 panda
    🐸 frog
    🐵 monkey
    🐔 chicken
    🐧 penguin
    🐦 bird
    🦉 owl
    🐝 bee
    🦋 butterfly
    🐢 turtle
    🐙 octopus
    🐳 whale
    🐟 fish
    🦄 unicorn
    🌵 cactus
    🌲 tree, fir
    🌱 seedling
    🍀 clover, luck
    🌸 blossom
    🌹 rose
    🌻 sunflower
    🍁 maple leaf
    🍄 mushroom
    🌍 earth, world
    🌙 moon
    ☀️ sun
    ⛅ cloudy
    🌧️ rain
    ⛄ snowman
    ❄️ snow
    🌈 rainbow
    🌊 sea, wave

emoji-food-names =
    🍎 apple
    🍌 banana
    🍇 grapes
    🍓 strawberry
    🍒 cherries
    🍑 peach
    🍋 lemon
    🥑 avocado
    🥕 carrot
    🌽 corn
    🍞 bread
    🥐 croissant
    🧀 cheese
    🍳 fried egg
    🥞 pancakes
    🍔 burger
    🍟 fries, chips
    🍕 pizza
    🌮 taco
    🥗 salad
    🍝 pasta
    🍜 noodles
    🍣 sushi
    🍦 ice cream
    🍩 doughnut
    🍪 cookie, biscuit
    🍫 chocolate
    🍿 popcorn
    ☕ coffee
    🍵 tea
    🍺 beer
    🍷 wine
    🥂 cheers
    🍾 champagne
    🥤 soft drink
    🍽️ dinner, meal

emoji-things-names =
    🏠 house, home
    🏢 office
    🚗 car
    🚲 bicycle, bike
    🚂 train
    ✈️ plane
    🚀 rocket
    ⛵ boat
    🗺️ map
    ⏰ alarm clock
    ⏳ hourglass
    📅 calendar
    📌 pin
    📎 paper clip
    ✏️ pencil
    📝 note, memo
    📖 open book
    📚 books
    💡 idea, light bulb
    🔑 key
    🔒 locked
    🔓 unlocked
    🔔 bell
    🔍 search, magnifier
    💻 computer, laptop
    📱 phone
    📷 camera
    🎧 headphones
    🎵 music
    🎸 guitar
    🎬 film
    🎮 video game
    ⚽ football
    🏀 basketball
    🎾 tennis
    🎲 dice
    🧩 puzzle
    🛠️ tools
    ⚙️ gear
    🧪 test tube
    💊 pill
    💶 money, euro
    🛒 shopping cart
    📦 parcel, package
    ✅ check mark, done
    ❌ cross, no
    ⚠️ warning
    ❓ question
    ❗ exclamation
    ➕ plus
    🚫 forbidden
    ♻️ recycle
    🏁 finish
    🚪 door
