# ruff: noqa: RUF001 -- letters that look like Latin ones are what other scripts are made of
"""The same conversations in other languages. Each has the roots of ``ROOTS``."""

from typing import Final

ROOTS: Final = ("issue", "detail", "vent", "praise", "other", "thanks", "agent")

TONGUES: Final = {
    "de": {
        "issue": """
Seit gestern geht bei § gar nichts mehr, könnt ihr bitte helfen?
Warum wurde mir der Betrag zweimal abgebucht?
Ich warte seit <n> Tagen auf eine Antwort. Was ist da los?
Die App stürzt ständig ab, was soll ich tun?
Wann kommt endlich meine Rückerstattung?
""",
        "detail": """
Meine Nummer ist <ref>, Problem besteht weiter.
Hier die Kundennummer: <ref>. Danke fürs Nachsehen.
Ich wohne in <city>, seit heute früh geht nichts.
""",
        "vent": """
Nie wieder §. Schlechter geht es nicht.
Unfassbar, was für ein Saftladen!
""",
        "praise": """
Ein großes Lob an euer Team, das war wirklich schnell!
Danke für die freundliche Hilfe heute Morgen.
""",
        "other": """
Heute im Zug über § gelesen, ganz interessant.
Wer von euch ist auch schon bei § gelandet?
""",
        "thanks": """
Danke, jetzt funktioniert alles wieder.
Super, das Problem ist gelöst. Vielen Dank!
""",
        "agent": """
Hallo, das tut uns leid. Seit wann besteht das Problem? <sign>
Danke für die Angaben, wir kümmern uns gleich darum. <sign>
""",
    },
    "es": {
        "issue": """
Desde ayer no funciona nada con §, ¿me pueden ayudar por favor?
¿Por qué me han cobrado dos veces este mes?
Llevo <n> días esperando una respuesta, ¿qué pasa?
La aplicación se cierra sola, ¿qué hago?
¿Cuándo me devuelven el dinero?
""",
        "detail": """
Mi número es <ref>, sigue igual que antes.
Vivo en <city> y el problema empezó esta mañana.
""",
        "vent": """
Nunca más con §, qué vergüenza de empresa.
Sois un desastre, no hay otra palabra.
""",
        "praise": """
Muchas gracias por la ayuda tan rápida, sois geniales.
¡Qué buen servicio el de hoy, felicidades!
""",
        "other": """
Mañana vamos todos a la feria con los de §.
¿Alguien más vio el anuncio nuevo de § anoche?
""",
        "thanks": """
Gracias, ya está solucionado.
Perfecto, ya funciona todo, muchas gracias.
""",
        "agent": """
Hola, lamentamos lo ocurrido. ¿Nos puede decir desde cuándo pasa? <sign>
Gracias por los datos, lo revisamos ahora mismo. <sign>
""",
    },
    "fr": {
        "issue": """
Depuis hier plus rien ne marche chez §, pouvez-vous m'aider ?
Pourquoi ai-je été débité deux fois ce mois-ci ?
J'attends une réponse depuis <n> jours, que se passe-t-il ?
L'application plante à chaque fois, que faire ?
Quand vais-je recevoir mon remboursement ?
""",
        "detail": """
Voici mon numéro : <ref>, toujours le même souci.
J'habite à <city>, cela a commencé ce matin.
""",
        "vent": """
Plus jamais §, quelle honte.
Un service lamentable, vous vous moquez du monde.
""",
        "praise": """
Merci beaucoup à toute l'équipe, c'était très rapide.
Bravo pour votre accueil aujourd'hui, au top !
""",
        "other": """
On parle encore de § à la radio ce matin.
Qui va à la soirée de § samedi prochain ?
""",
        "thanks": """
Merci, tout est réglé maintenant.
C'est bon, le problème est résolu, merci encore.
""",
        "agent": """
Bonjour, nous sommes désolés. Depuis quand avez-vous ce problème ? <sign>
Merci pour ces précisions, nous regardons cela tout de suite. <sign>
""",
    },
    "pt": {
        "issue": """
Desde ontem nada funciona na §, podem me ajudar por favor?
Por que fui cobrado duas vezes neste mês?
Estou há <n> dias esperando uma resposta, o que aconteceu?
O aplicativo fecha sozinho, o que eu faço?
""",
        "detail": """
O meu número é <ref>, continua do mesmo jeito.
Moro em <city> e o problema começou hoje cedo.
""",
        "vent": """
Nunca mais compro nada da §, que vergonha.
Vocês são uma piada, não é possível.
""",
        "praise": """
Muito obrigada pela ajuda tão rápida, vocês são demais!
Que atendimento maravilhoso hoje, parabéns à equipe.
""",
        "other": """
Amanhã tem festa da § aqui na praça.
Quem mais viu a propaganda nova da § ontem à noite?
""",
        "thanks": """
Obrigado, já está tudo resolvido.
Deu certo, voltou a funcionar, obrigada!
""",
        "agent": """
Olá, sentimos muito. Desde quando isso está acontecendo? <sign>
Obrigado pelas informações, vamos verificar agora. <sign>
""",
    },
    "it": {
        "issue": """
Da ieri non funziona più niente con §, potete aiutarmi?
Perché mi avete addebitato due volte lo stesso importo?
Aspetto una risposta da <n> giorni, che cosa succede?
L'applicazione si chiude da sola, come posso fare?
""",
        "detail": """
Il mio numero è <ref>, il problema c'è ancora.
Abito a <city>, è iniziato tutto questa mattina.
""",
        "vent": """
Mai più con §, siete una vergogna.
Un servizio pessimo, non ci sono parole.
""",
        "praise": """
Grazie mille per l'aiuto, siete stati velocissimi.
Complimenti a tutta la squadra, ottimo servizio!
""",
        "other": """
Stasera siamo tutti alla festa di § in centro.
Qualcuno ha visto la nuova pubblicità di § ieri sera?
""",
        "thanks": """
Grazie, adesso è tutto risolto.
Perfetto, ora funziona, grazie ancora.
""",
        "agent": """
Buongiorno, ci dispiace molto. Da quando si presenta il problema? <sign>
Grazie per i dettagli, controlliamo subito. <sign>
""",
    },
    "nl": {
        "issue": """
Sinds gisteren doet niets het meer bij §, kunnen jullie helpen?
Waarom is het bedrag twee keer afgeschreven?
Ik wacht al <n> dagen op een antwoord, wat is er aan de hand?
De app sluit steeds vanzelf, wat moet ik doen?
""",
        "detail": """
Mijn nummer is <ref>, het probleem is er nog steeds.
Ik woon in <city>, het begon vanochtend.
""",
        "vent": """
Nooit meer §, wat een waardeloze club.
Schaam je, zo ga je toch niet met mensen om.
""",
        "praise": """
Heel erg bedankt voor de snelle hulp vandaag!
Wat een fijne mensen werken er bij jullie, top.
""",
        "other": """
Morgen met zijn allen naar de open dag van §.
Wie heeft de nieuwe reclame van § al gezien?
""",
        "thanks": """
Bedankt, het is nu opgelost.
Het werkt weer, dank jullie wel!
""",
        "agent": """
Hoi, wat vervelend. Sinds wanneer heb je hier last van? <sign>
Bedankt voor de gegevens, we kijken het meteen na. <sign>
""",
    },
    "tr": {
        "issue": """
Dünden beri § hiç çalışmıyor, yardım eder misiniz lütfen?
Neden benden bu ay iki kez ücret alındı?
<n> gündür cevap bekliyorum, neler oluyor?
Uygulama sürekli kapanıyor, ne yapmam gerekiyor?
""",
        "detail": """
Numaram <ref>, sorun hâlâ devam ediyor.
Bu sabahtan beri aynı hata, <city> bölgesindeyim.
""",
        "vent": """
Bir daha asla §, gerçekten rezalet.
Böyle kötü bir hizmet görmedim, yazıklar olsun.
""",
        "praise": """
Hızlı yardımınız için çok teşekkür ederim, harikasınız.
Bugünkü güler yüzlü hizmet için bütün ekibe teşekkürler.
""",
        "other": """
Yarın arkadaşlarla § etkinliğine gidiyoruz.
Dün akşamki yeni § reklamını gören var mı?
""",
        "thanks": """
Teşekkürler, sorun çözüldü.
Şimdi çalışıyor, çok teşekkür ederim.
""",
        "agent": """
Merhaba, üzgünüz. Bu sorun ne zamandan beri yaşanıyor? <sign>
Bilgiler için teşekkürler, hemen kontrol ediyoruz. <sign>
""",
    },
    "pl": {
        "issue": """
Od wczoraj nic nie działa w §, czy możecie mi pomóc?
Dlaczego pobrano mi opłatę dwa razy w tym miesiącu?
Czekam już <n> dni na odpowiedź, co się dzieje?
Aplikacja ciągle się wyłącza, co mam zrobić?
""",
        "detail": """
Mój numer to <ref>, problem nadal występuje.
Mieszkam w <city>, zaczęło się dzisiaj rano.
""",
        "vent": """
Nigdy więcej §, co za wstyd.
Gorszej obsługi jeszcze nie widziałem, żenada.
""",
        "praise": """
Bardzo dziękuję za szybką pomoc, jesteście wspaniali!
Świetna obsługa dzisiaj, brawo dla całego zespołu.
""",
        "other": """
Jutro wszyscy idziemy na piknik z §.
Czy ktoś widział wczoraj nową reklamę §?
""",
        "thanks": """
Dziękuję, wszystko już działa.
Sprawa załatwiona, dziękuję bardzo za pomoc.
""",
        "agent": """
Dzień dobry, przykro nam. Od kiedy występuje ten problem? <sign>
Dziękujemy za dane, zaraz to sprawdzimy. <sign>
""",
    },
    "id": {
        "issue": """
Dari kemarin § tidak bisa dipakai sama sekali, tolong dibantu ya.
Kenapa saya ditagih dua kali bulan ini?
Sudah <n> hari saya menunggu jawaban, ada apa ya?
Aplikasinya selalu tertutup sendiri, harus bagaimana?
""",
        "detail": """
Nomor saya <ref>, masalahnya masih sama.
Saya tinggal di <city>, mulai tadi pagi.
""",
        "vent": """
Tidak akan pernah lagi pakai §, mengecewakan sekali.
Pelayanan paling buruk yang pernah saya alami.
""",
        "praise": """
Terima kasih banyak atas bantuannya yang cepat, kalian hebat!
Pelayanannya hari ini ramah sekali, mantap.
""",
        "other": """
Besok kami semua pergi ke acara § di kota.
Siapa yang sudah lihat iklan baru § tadi malam?
""",
        "thanks": """
Terima kasih, sekarang sudah beres.
Sudah bisa lagi, terima kasih atas bantuannya.
""",
        "agent": """
Halo, mohon maaf atas kendalanya. Sejak kapan hal ini terjadi? <sign>
Terima kasih atas datanya, segera kami periksa. <sign>
""",
    },
    "ja": {
        "issue": """
昨日から § が全然使えません。助けてください。
今月二回も請求されています。どうしてですか？
<n> 日も返事を待っています。どうなっていますか？
アプリがすぐに落ちます。どうすればいいですか？
""",
        "detail": """
番号は <ref> です。まだ直っていません。
今朝から同じ状態です。よろしくお願いします。
""",
        "vent": """
もう二度と § は使いません。ひどすぎる。
本当に最悪の対応でした。
""",
        "praise": """
早い対応をありがとうございました。とても助かりました！
今日の店員さんがとても親切でした。
""",
        "other": """
明日はみんなで § のイベントに行きます。
昨日の § の新しい広告を見た人いますか？
""",
        "thanks": """
ありがとうございます、解決しました。
直りました。ありがとうございました。
""",
        "agent": """
ご不便をおかけして申し訳ございません。いつからでしょうか？ <sign>
ご連絡ありがとうございます。すぐに確認いたします。 <sign>
""",
    },
    "ar": {
        "issue": """
منذ أمس لا يعمل أي شيء في § هل يمكنكم المساعدة؟
لماذا تم خصم المبلغ مرتين هذا الشهر؟
أنتظر الرد منذ <n> أيام، ماذا يحدث؟
التطبيق يتوقف دائما، ماذا أفعل؟
""",
        "detail": """
رقمي هو <ref> والمشكلة ما زالت مستمرة.
بدأت المشكلة هذا الصباح ولم تنته بعد.
""",
        "vent": """
لن أتعامل مع § مرة أخرى، خدمة سيئة جدا.
أسوأ شركة تعاملت معها في حياتي.
""",
        "praise": """
شكرا جزيلا على المساعدة السريعة، أنتم رائعون!
خدمة ممتازة اليوم، شكرا لكل الفريق.
""",
        "other": """
غدا نذهب جميعا إلى معرض § في المدينة.
هل شاهد أحد إعلان § الجديد أمس؟
""",
        "thanks": """
شكرا، تم حل المشكلة.
الآن كل شيء يعمل، شكرا لكم.
""",
        "agent": """
مرحبا، نعتذر عن ذلك. منذ متى تواجه هذه المشكلة؟ <sign>
شكرا على المعلومات، سنتحقق من الأمر حالا. <sign>
""",
    },
    "hi": {
        "issue": """
कल से § बिल्कुल नहीं चल रहा है, कृपया मदद कीजिए।
इस महीने मुझसे दो बार पैसे क्यों लिए गए?
मैं <n> दिन से जवाब का इंतज़ार कर रहा हूँ, क्या हुआ?
ऐप बार बार बंद हो जाता है, मैं क्या करूँ?
""",
        "detail": """
मेरा नंबर <ref> है, समस्या अभी भी वही है।
आज सुबह से यही हो रहा है, कृपया देखिए।
""",
        "vent": """
अब कभी § नहीं, बहुत ही खराब सेवा है।
इतनी बुरी कंपनी मैंने आज तक नहीं देखी।
""",
        "praise": """
इतनी जल्दी मदद के लिए बहुत धन्यवाद, आप सब कमाल हैं!
आज की सेवा बहुत अच्छी थी, पूरी टीम को बधाई।
""",
        "other": """
कल हम सब § के मेले में जा रहे हैं।
क्या किसी ने कल रात § का नया विज्ञापन देखा?
""",
        "thanks": """
धन्यवाद, अब सब ठीक हो गया।
समस्या हल हो गई, बहुत धन्यवाद।
""",
        "agent": """
नमस्ते, हमें खेद है। यह समस्या कब से है? <sign>
जानकारी के लिए धन्यवाद, हम अभी देखते हैं। <sign>
""",
    },
}
