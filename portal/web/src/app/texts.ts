import { defineTexts } from '../i18n/define';

export default defineTexts({ zh: {}, en: {} });
